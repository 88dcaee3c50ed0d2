#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "outbox/result.hpp"
#include "outbox/source.hpp"
#include "sources/postgres_table/lease.hpp"
#include "sources/postgres_table/sql.hpp"
#include "support/pg/connection.hpp"

namespace outbox::postgres_table {

struct MembershipOptions {
  std::string url;
  std::string table;
  std::string owner;  // unique among all relays that ever ran
  std::chrono::milliseconds lease{10'000};
};

// One relay among those that share an outbox.
//
// Each member raises its counter in outbox_relay several times a lease. A member whose counter has
// not moved for one whole lease, on the clock of the one who watches, is removed by it, and its
// shards are freed, in one statement that does nothing if the counter has moved after all. The
// member itself counts its lease from before it sent the renewal, so it always stops before anyone
// may take over. Clocks are those since boot, which go on while a machine sleeps and know no
// adjustment; no wall clock decides anything, and no two clocks are compared.
//
// The renewals run on a thread and a connection of their own, so that a slow settlement costs no
// lease. Thread-safe, but for join and leave: one thread at a time.
class Membership {
 public:
  using View = GroupView;

  explicit Membership(MembershipOptions options)
      : options_(std::move(options)),
        watch_(options_.owner, options_.lease),
        lease_(options_.lease) {}

  [[nodiscard]] bool joined() const { return thread_.joinable(); }
  // Joins the group, unless it has, and returns how it stood less than a lease ago.
  [[nodiscard]] Result<View> join();

  // The relay works with these shards from now on, and standing() tells of them; with 0 it works
  // with none. The rest is of the look by which it took them.
  void hold(int shards, std::int64_t revision, bool paused);
  // Never waits.
  [[nodiscard]] Standing standing() const;
  // As the last look has found them; null: there is none. Never waits for the database.
  [[nodiscard]] std::shared_ptr<const TopicNames> paused_topics() const;

  // Leaves the group and frees the shards at once, if the database can be reached.
  void leave();

 private:
  void run(const std::stop_token& stop);
  [[nodiscard]] Result<void> tick();
  [[nodiscard]] Result<void> connect();
  [[nodiscard]] Result<View> look();
  [[nodiscard]] Result<void> bury(const std::vector<Member>& dead);
  void note_paused_topics(std::string_view lines);

  MembershipOptions options_;

  // Of the thread.
  std::optional<pg::Connection> connection_;
  std::optional<Tables> tables_;
  LeaseWatch watch_;
  std::string paused_topics_as_read_;

  mutable std::mutex mutex_;
  std::condition_variable_any looked_;
  std::condition_variable_any wake_;
  bool look_now_ = false;
  std::optional<Result<View>> view_;  // of the last tick
  HeldLease lease_;
  std::shared_ptr<const TopicNames> paused_topics_;

  std::jthread thread_;  // last: it uses everything above
};

}  // namespace outbox::postgres_table
