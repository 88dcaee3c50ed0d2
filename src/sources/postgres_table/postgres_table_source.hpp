#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "outbox/source.hpp"
#include "outbox/transaction.hpp"
#include "sources/postgres_table/claimed.hpp"
#include "sources/postgres_table/feed.hpp"
#include "sources/postgres_table/intent_store.hpp"
#include "sources/postgres_table/membership.hpp"
#include "sources/postgres_table/mode.hpp"
#include "sources/postgres_table/ownership.hpp"
#include "sources/postgres_table/position.hpp"
#include "sources/postgres_table/settler.hpp"
#include "sources/postgres_table/sql.hpp"
#include "support/pg/connection.hpp"

namespace outbox {

struct PostgresTableOptions {
  // A direct connection, not one through a transaction pooler: it listens.
  std::string url;
  std::string table = "outbox";
  std::string owner;  // names this relay to people and to other relays; unique among all of them
  // A batch ends with the message that reaches it. In bytes.
  std::size_t max_batch_bytes = std::size_t{8} * 1024 * 1024;
  // A relay that does not renew its membership for so long loses its shards; 500 ms or more.
  std::chrono::milliseconds lease{10'000};
  // Of each message that is given up a copy with this aggregate type goes into the outbox, in the
  // transaction that gives it up. Empty: none.
  std::string dead_letter_type;
  // Whether each delivery is recorded. Without, only those of messages that had an exception are.
  bool receipts = true;
  // What tells of transactions that were left open, when messages are sent in such; null: they are
  // not. Borrowed.
  TransactionJudge* judge = nullptr;
};

// Reads the outbox of PostgreSQL 15 or later, as its operators have decided in its table
// (TableFeed) or in the write-ahead log (WalFeed), and marks by appending (Settler), on connections
// of their own, so that both go on at once. Relays on one table share its 64 shards (Membership);
// of those that read the log one has all.
class PostgresTableSource final : public Source, public TransactionalSource {
 public:
  explicit PostgresTableSource(PostgresTableOptions options);

  Result<Exceptions> connect() override;
  void close() override;
  void leave() override;
  Result<Batch> claim(std::size_t limit) override;
  Result<void> await_work(std::chrono::milliseconds timeout, const std::stop_token& stop) override;
  Result<Batch> claim_exceptions(std::span<const HeldRange> ranges,
                                 std::size_t limit_per_range) override;
  Result<Batch> claim_due(std::size_t limit) override;
  [[nodiscard]] Standing standing() const override;
  [[nodiscard]] std::shared_ptr<const TopicNames> paused_topics() const override;
  Result<void> settle(const Settlement& settlement) override;

  // With a judge:
  [[nodiscard]] TransactionScope transaction_scope() const override;
  Result<void> enlist(const TransactionSender& sender) override;
  Result<PreparedTransaction> prepare(const Settlement& settlement) override;
  Result<void> resolve(const Settlement& settlement) override;

 private:
  using Clock = std::chrono::steady_clock;
  using Positions = std::vector<postgres_table::SharedPosition>;

  [[nodiscard]] Result<Exceptions> open();
  // What there is for this relay to take; conflict when it is nothing.
  [[nodiscard]] Result<postgres_table::Membership::View> share();
  [[nodiscard]] Result<void> connect_writer();
  [[nodiscard]] Result<void> take_over(const postgres_table::Membership::View& view,
                                       Positions& positions);
  [[nodiscard]] Result<void> connect_reader(Positions positions);
  [[nodiscard]] Result<void> add_partitions();
  [[nodiscard]] Result<void> recover(const postgres_table::Fence& fence, Positions& positions);
  [[nodiscard]] Result<void> forget_transactions(const postgres_table::Fence& fence);
  // `positions`: null: they stay.
  [[nodiscard]] Result<void> settle(const Settlement& settlement, const Positions* positions,
                                    postgres_table::Settler::How how);
  // The batches up to `number`, which are forgotten.
  [[nodiscard]] std::vector<postgres_table::Claimed> take_claimed(std::uint64_t number);

  PostgresTableOptions options_;
  std::optional<postgres_table::Tables> tables_;

  // Of the thread that settles.
  std::optional<pg::Connection> writer_;
  std::optional<postgres_table::Settler> settler_;
  std::optional<postgres_table::IntentStore> intents_;
  std::string origin_;
  std::vector<std::string> retired_;   // senders, until a transaction has told the sink of them
  std::optional<Positions> prepared_;  // where the transaction that was prepared leads
  postgres_table::Mode mode_;
  Clock::time_point stored_durably_;

  // Of the thread that claims.
  std::unique_ptr<postgres_table::Feed> feed_;
  std::uint64_t last_number_ = 0;

  // From the one to the other. As many as the relay reads ahead.
  std::mutex mutex_;
  std::deque<postgres_table::Claimed> claimed_;

  postgres_table::Membership membership_;  // last: its thread ends first
};

}  // namespace outbox
