// What decides about leases, without clocks and without I/O, so that a simulation runs it too.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "outbox/source.hpp"

namespace outbox::postgres_table {

// A relay of the group, as one look at it shows.
struct Member {
  std::string owner;
  std::int64_t renewals = 0;
  int wanted = 0;  // shards that operators want it to have
};

// How a relay stands in its group.
struct GroupView {
  int quota = 0;  // shards that are this relay's fair share
  int own = 0;
  int free = 0;  // that it may take: nobody has them, and operators have nothing else in mind
  std::int64_t revision = 0;  // of what operators have changed
  bool paused = false;
  int unwanted = 0;  // of its own, what it is to let go of
  int awaited = 0;   // of the free ones, what operators want it to have
};

// Of so many shards that may be read, those that are the fair share of `owner`, which is one of
// `members`: what operators want each to have, and the others where there are fewest.
[[nodiscard]] int quota_of(std::string_view owner, const std::vector<Member>& members, int shards);

// The share of a relay that stands so, where one has all shards or none.
[[nodiscard]] int quota_of_all(const GroupView& view);

// Watches the others' renewals. All times are of one clock, which never jumps. One thread.
class LeaseWatch {
 public:
  LeaseWatch(std::string self, std::chrono::nanoseconds lease)
      : self_(std::move(self)), lease_(lease) {}

  // Those of `members` that have not renewed for a whole lease, as seen by looks like this one.
  [[nodiscard]] std::vector<Member> dead(const std::vector<Member>& members,
                                         std::chrono::nanoseconds now);
  void forget() { seen_.clear(); }

 private:
  struct Seen {
    std::int64_t renewals = 0;
    std::chrono::nanoseconds since{0};
  };

  std::string self_;
  std::chrono::nanoseconds lease_;
  std::map<std::string, Seen> seen_;
  std::chrono::nanoseconds last_look_{0};
};

// The lease on the shards that a relay works with. hold, changes and judge: one thread at a time;
// renewed and standing: any thread. Times as above.
class HeldLease {
 public:
  explicit HeldLease(std::chrono::nanoseconds lease) : lease_(lease) {}

  // The relay works with so many shards from now on; with 0 it works with none. `paused`: as the
  // look says by which it took them; nothing may be sent until another look says otherwise.
  void hold(int shards, std::int64_t revision, bool paused);
  // Rises with each hold.
  [[nodiscard]] std::uint64_t changes() const { return changes_; }
  // What a look has shown that began when `changes` was this.
  void judge(const GroupView& view, std::uint64_t changes);
  // A renewal that was sent at `began` has counted. After judge: a relay that was frozen shall not
  // believe in its lease before it knows its shards.
  void renewed(std::chrono::nanoseconds began);
  [[nodiscard]] Standing standing(std::chrono::nanoseconds now) const;

 private:
  std::chrono::nanoseconds lease_;
  int shards_ = 0;
  std::int64_t revision_ = 0;
  std::uint64_t changes_ = 0;
  std::atomic<Standing> standing_{Standing::lost};
  std::atomic<std::int64_t> ends_ns_{0};
};

}  // namespace outbox::postgres_table
