// liboutbox for SQLite: write messages in the same transaction as the change that they tell of.
// Link outbox::outbox_sqlite. SQLite 3.38 or later, the file in WAL mode.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "outbox/message.hpp"
#include "outbox/migrations.hpp"
#include "outbox/result.hpp"
#include "outbox/uuid.hpp"

struct sqlite3;

namespace outbox::sqlite {

struct OutboxOptions {
  // Larger payloads are refused. In bytes.
  std::size_t max_payload_bytes = 1'000'000;
};

// The caller's open transaction. It borrows the connection and neither begins nor ends anything.
// Begin it with BEGIN IMMEDIATE: a deferred one that has read before it writes can fail with "the
// database is locked" at its first write, and waiting would not help it.
class Transaction {
 public:
  explicit Transaction(sqlite3* connection) noexcept : connection_(connection) {}
  [[nodiscard]] sqlite3* connection() const noexcept { return connection_; }

 private:
  sqlite3* connection_;
};

// Immutable after construction, so one Outbox may serve all threads; a Transaction belongs to one
// thread at a time, as its connection does.
class Outbox {
 public:
  explicit Outbox(const OutboxOptions& options = {}) : options_(options) {}

  // Inserts the messages, in their order, and returns their ids in that order. All or none: a
  // failure leaves the transaction open and as it was. Never begins, commits or rolls back. The
  // rules of message.hpp and the limits of outbox::Outbox hold; a payload may hold any bytes, and
  // is stored as text where it is UTF-8 without NUL, else as a blob.
  //
  // invalid_argument: a message breaks a rule (the error names its place in the span and the
  // field),
  //   there are too many, or no transaction is open.
  // not_found: the tables are missing; see migrate.
  // timeout: another connection holds the write lock for longer than the busy timeout.
  // source_unavailable: the disk is full or failing.
  [[nodiscard]] Result<std::vector<Uuid>> enqueue(Transaction& transaction,
                                                  std::span<const Message> messages) const;
  [[nodiscard]] Result<Uuid> enqueue(Transaction& transaction, const Message& message) const;

 private:
  OutboxOptions options_;
};

// The version to which this library migrates.
[[nodiscard]] int newest_migration();

// Brings the outbox's tables in the connection's main database to the newest version, in one
// transaction; running it again is a no-op. The connection must have no transaction open.
//
// invalid_argument: a transaction is open. conflict: the version is newer than this library.
// timeout, source_unavailable: as for enqueue.
[[nodiscard]] Result<MigrationReport> migrate(sqlite3* connection);

// Removes what migrate made, with all messages; to_version is 0. A no-op where there is nothing.
[[nodiscard]] Result<MigrationReport> migrate_down(sqlite3* connection);

}  // namespace outbox::sqlite
