#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "outbox/source.hpp"
#include "sources/sqlite/commit_watch.hpp"
#include "sources/sqlite/control_watch.hpp"
#include "sources/sqlite/exception_reader.hpp"
#include "sources/sqlite/relay_lock.hpp"
#include "sources/sqlite/retention.hpp"
#include "sources/sqlite/settler.hpp"
#include "support/sqlite/database.hpp"

namespace outbox {

struct SqliteOptions {
  std::string path;   // of the database file
  std::string owner;  // names this relay to people: host and process
  // A batch ends with the message that reaches it. In bytes.
  std::size_t max_batch_bytes = std::size_t{8} * 1024 * 1024;
  // Processed messages and their receipts are deleted when they are so old. 0: they stay.
  std::chrono::milliseconds keep_processed = std::chrono::hours{24 * 7};
  // Of each message that is given up a copy with this aggregate type goes into the outbox, in the
  // transaction that gives it up. Empty: none.
  std::string dead_letter_type;
};

// Reads the outbox of a SQLite file in the order of its seqs, which is the order of the commits,
// and marks on a second connection, so that both go on at once. One relay a file (RelayLock).
class SqliteSource final : public Source {
 public:
  explicit SqliteSource(SqliteOptions options) : options_(std::move(options)) {}

  Result<Exceptions> connect() override;
  void close() override;
  void leave() override;
  Result<Batch> claim(std::size_t limit) override;
  Result<void> await_work(std::chrono::milliseconds timeout, const std::stop_token& stop) override;
  Result<Batch> claim_exceptions(std::span<const HeldRange> ranges,
                                 std::size_t limit_per_range) override;
  Result<Batch> claim_due(std::size_t limit) override;
  [[nodiscard]] Standing standing() const override;
  Result<void> settle(const Settlement& settlement) override;

 private:
  [[nodiscard]] Result<Exceptions> open();
  // The epoch from now on.
  [[nodiscard]] Result<std::int64_t> take_over();
  [[nodiscard]] Result<void> lock();
  [[nodiscard]] Result<void> open_writer();
  [[nodiscard]] Result<void> open_reader();
  // The seq at which batch `number` ends; forgets those before it.
  [[nodiscard]] std::optional<std::int64_t> take_position(std::uint64_t number);

  SqliteOptions options_;
  std::optional<sqlite::RelayLock> lock_;  // until it leaves

  // Of the thread that settles.
  std::optional<sqlite::Database> writer_;
  std::optional<sqlite::Settler> settler_;
  std::optional<sqlite::ExceptionReader> exceptions_;

  // Of the thread that claims.
  std::optional<sqlite::Database> reader_;
  std::optional<sqlite::Statement> next_;
  std::optional<sqlite::CommitWatch> watch_;
  std::optional<sqlite::Retention> retention_;
  std::int64_t read_up_to_ = 0;
  std::uint64_t last_number_ = 0;

  // Of the watch's own thread.
  std::atomic<Standing> standing_{Standing::lost};
  std::unique_ptr<sqlite::ControlWatch> control_;

  // From the one to the other: where each batch that was claimed and not settled ends. As many as
  // the relay reads ahead.
  std::mutex mutex_;
  std::deque<std::pair<std::uint64_t, std::int64_t>> positions_;
};

}  // namespace outbox
