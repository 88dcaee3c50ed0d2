#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "core/poison_policy.hpp"
#include "core/testing/records.hpp"
#include "outbox/source.hpp"
#include "outbox/transaction.hpp"

namespace outbox {

// The tables of one outbox in memory, with the meaning that they have in PostgreSQL, for any number
// of FakeSources. What was settled survives every connection. It judges each settlement by the
// relay's promises and keeps what it found wrong in violations(). Thread-safe, but for rows() and
// exceptions_by_seq().
class OutboxModel {
 public:
  static constexpr int kShards = 64;
  // What a relay is told when its settlement is refused.
  static constexpr const char* kTakenOver = "another relay has taken over";

  struct NewRow {
    std::string key;
    std::string aggregate_type = "order";
    std::int64_t due_at_us = 0;  // 0: at once
  };
  struct Row {
    NewRow written;
    bool visible = false;
    bool passed = false;  // by the position
    bool receipt = false;
    // It may arrive after later ones of its key: it was delayed, skipped or discarded once.
    bool apart = false;
    int replays = 0;  // that an operator asked for
  };
  enum class State : std::uint8_t { retrying, delayed, dead, discarded };
  struct Exception {
    State state = State::retrying;
    bool holds_key = false;
    int attempts = 0;
    std::int64_t due_at_us = 0;
    std::string error{};
    bool replay = false;
    std::optional<std::string> payload{};  // edited
    std::int64_t updated_at_us = 0;
  };
  // What a relay writes with.
  struct Fence {
    std::int64_t epoch = 0;
    std::string owner;
    std::uint64_t shards = 0;  // bit k stands for shard k
  };

  // The writers' side. A row gets its seq with begin and is visible after commit.
  std::int64_t begin(NewRow row);
  void commit(std::int64_t seq);
  std::int64_t append(NewRow row);
  std::int64_t append(const std::string& key) { return append(NewRow{key}); }
  void remove(std::int64_t seq);

  // The database's wall clock, in microseconds of Unix time; the system's unless it is set.
  void set_now(std::function<std::int64_t()> now);

  // What settlements are judged by: whether the destination has acknowledged the message, how often
  // it has refused it for its own sake, and the relays' policy. Without them, not by these.
  void set_acknowledged(std::function<bool(std::int64_t seq)> acknowledged);
  void set_refusals(std::function<int(std::int64_t seq)> refusals);
  void expect_policy(PoisonPolicy policy);

  // The operators' side; the relays learn of it by the revision. False: the message is not in a
  // state that allows it.
  bool redrive(std::int64_t seq);
  bool discard(std::int64_t seq);
  bool edit(std::int64_t seq, std::string payload);
  bool replay(std::int64_t seq, std::int64_t due_at_us);
  void pause(bool paused);
  void raise_revision();
  // Of these the relays learn without it. False: it was so already, or there is no such relay.
  bool pause_topic(const std::string& topic, bool paused);
  bool pause_shard(std::size_t shard, bool paused);
  bool release_shard(std::size_t shard);
  bool move_shard(std::size_t shard, const std::string& relay);

  // The relays' group, as the membership's statements do it.
  struct Member {
    std::string owner;
    std::int64_t renewals = 0;
    int wanted = 0;  // shards that operators want it to have
  };
  struct Look {
    std::vector<Member> members;
    int own = 0;
    int free = 0;      // that it may take
    int unwanted = 0;  // of its own, what it is to let go of
    int awaited = 0;   // of the free ones, what operators want it to have
    int readable = 0;  // of all
    int orphans = 0;   // whose owner is no member
    std::int64_t revision = 0;
    bool paused = false;
    std::shared_ptr<const TopicNames> paused_topics;  // null: none
  };
  void renew(const std::string& owner);
  [[nodiscard]] Look look(const std::string& owner) const;
  // One whose renewals have moved meanwhile is alive.
  void bury(const std::string& owner, std::int64_t renewals);
  void free_orphans();
  void leave(const std::string& owner);
  // Up to `quota` shards, first those that it has, with a new epoch; the rest of its own is freed.
  [[nodiscard]] Fence take(const std::string& owner, int quota);
  [[nodiscard]] bool holds(const Fence& fence) const;

  // The database crashes: every connection is lost, and at most `count` of the newest settlements,
  // never one with an exception nor one before it. Returns how many were.
  std::size_t crash(std::size_t count);
  // Rises with each crash.
  [[nodiscard]] std::uint64_t incarnation() const;

  // For FakeSource.
  struct Opened {
    Exceptions exceptions;
    std::vector<std::int64_t> unread;  // newest first
    std::size_t commits = 0;
  };
  [[nodiscard]] Opened open(const Fence& fence) const;
  // The rows of these seqs that are there.
  [[nodiscard]] std::vector<RowText> read(std::span<const std::int64_t> seqs) const;
  // Of all that was ever committed, in its order, the part [from, until); the highest seq first.
  [[nodiscard]] std::vector<std::int64_t> committed_between(std::size_t from, std::size_t until,
                                                            const Fence& fence) const;
  [[nodiscard]] std::size_t commits() const;
  bool await_commit(std::size_t since, std::chrono::milliseconds timeout,
                    const std::stop_token& stop);
  struct Found {
    std::vector<RowText> rows;
    bool truncated = false;
  };
  [[nodiscard]] Found find(std::span<const HeldRange> ranges, std::size_t limit_per_range,
                           std::size_t limit);
  [[nodiscard]] Found find_due(const Fence& fence, std::size_t limit) const;
  // `passed`: what the position moves past.
  [[nodiscard]] Result<void> settle(const Fence& fence, const Settlement& settlement,
                                    std::span<const std::int64_t> passed);
  [[nodiscard]] Standing standing(const Fence& fence, std::int64_t revision) const;
  [[nodiscard]] std::shared_ptr<const TopicNames> paused_topics() const;

  // Of transactions (TransactionalSource): durable on return, but for resolve's settlement.
  [[nodiscard]] Result<void> enlist(const Fence& fence, const std::string& sender);
  [[nodiscard]] Result<PreparedTransaction> prepare(const Fence& fence, const std::string& sender,
                                                    const Settlement& settlement,
                                                    std::span<const std::int64_t> passed);
  [[nodiscard]] Result<void> resolve(const Fence& fence, const std::string& sender,
                                     const Settlement& settlement,
                                     std::span<const std::int64_t> passed);
  // Of the fence's shards: who may have left something, and what it was. Returns the senders of
  // which nothing is left.
  [[nodiscard]] std::vector<std::string> senders(const Fence& fence) const;
  [[nodiscard]] Result<std::vector<std::string>> recover(const Fence& fence,
                                                         const CommittedTransactions& committed);

  [[nodiscard]] std::vector<std::string> violations() const;
  void violated(const std::string& promise);
  [[nodiscard]] std::vector<std::int64_t> receipts() const;
  [[nodiscard]] std::size_t receipt_count() const { return receipts().size(); }
  [[nodiscard]] Exceptions exceptions() const;
  [[nodiscard]] std::size_t settlements() const;
  [[nodiscard]] const std::map<std::int64_t, Row>& rows() const { return rows_; }
  [[nodiscard]] const std::map<std::int64_t, Exception>& exceptions_by_seq() const {
    return exceptions_;
  }
  // The row waits behind the head of its key, or did so until a moment ago.
  [[nodiscard]] bool is_held(std::int64_t seq) const;

 private:
  struct Shard {
    std::int64_t epoch = 0;
    std::string owner;  // empty: free
    bool paused = false;
    bool released = false;
    std::string preferred;
  };
  [[nodiscard]] std::string wish(const Shard& shard) const;
  void free_shard(Shard& shard);
  struct Prepared {
    Settlement settlement;
    std::vector<std::int64_t> passed;
  };
  struct Intent {
    std::uint64_t shards = 0;
    std::int64_t number = 0;
    std::optional<Prepared> prepared;  // its outcome is to be learnt
  };
  struct Unsynced {  // what a crash of the database may take back
    std::vector<std::int64_t> passed;
    std::vector<std::int64_t> receipts;
    std::string sender{};  // whose transaction was settled
    std::optional<Prepared> prepared{};
  };

  [[nodiscard]] Prepared part_of(const Prepared& whole, std::uint64_t shards) const;

  [[nodiscard]] bool holds_unlocked(const Fence& fence) const;
  [[nodiscard]] bool is_held_unlocked(std::int64_t seq) const;
  [[nodiscard]] Exceptions load(std::uint64_t shards) const;
  [[nodiscard]] RowText text_of(std::int64_t seq, const Row& row) const;
  [[nodiscard]] bool has_outcome(std::int64_t seq, const Row& row) const;
  [[nodiscard]] std::int64_t due_at(std::int64_t due_at_us, std::chrono::milliseconds due_in) const;
  void expect(bool holds, const std::string& promise);
  void operated();
  void apply_resolved(const Settlement& settlement);
  void apply_held(const HeldRange& range);
  void apply_failed(const FailedHead& head);
  void apply_detached(const DetachedMessage& message);
  void check_attempts(std::int64_t seq, int attempts, const Exception* known, bool dead);
  void upsert(std::int64_t seq, Exception exception);
  void apply_delivered(const Settlement& settlement, Unsynced& undo);
  void check_keys(const Settlement& settlement, std::span<const std::int64_t> passed);

  mutable std::mutex mutex_;
  std::condition_variable_any committed_;
  std::function<std::int64_t()> now_;
  std::function<bool(std::int64_t)> acknowledged_;
  std::function<int(std::int64_t)> refusals_;
  std::optional<PoisonPolicy> policy_;

  std::int64_t next_seq_ = 1;
  std::map<std::int64_t, Row> rows_;
  std::map<std::string, std::vector<std::int64_t>> seqs_by_key_;
  std::vector<std::int64_t> commits_;
  std::map<std::int64_t, Exception> exceptions_;
  std::map<std::string, HeldRange> held_;
  std::vector<Unsynced> unsynced_;
  std::map<std::string, Intent> intents_;

  std::array<Shard, kShards> shards_;
  std::int64_t last_epoch_ = 0;
  std::map<std::string, std::int64_t> members_;
  std::int64_t revision_ = 0;
  bool paused_ = false;
  std::shared_ptr<const TopicNames> paused_topics_;
  std::uint64_t incarnation_ = 0;

  std::vector<std::string> violations_;
  std::size_t settlements_ = 0;
};

}  // namespace outbox
