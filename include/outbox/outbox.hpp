// liboutbox: write messages in the same transaction as the change that they tell of.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "outbox/message.hpp"
#include "outbox/result.hpp"
#include "outbox/uuid.hpp"

struct pg_conn;  // libpq's PGconn

namespace outbox {

// The type of the payload column, chosen when the tables were made (outboxctl migrate).
enum class PayloadType { json, jsonb, text, bytea };

struct OutboxOptions {
  // The outbox table, optionally with its schema: "outbox", "billing.outbox". ASCII letters,
  // digits, _ and -; case matters.
  std::string table = "outbox";
  PayloadType payload_type = PayloadType::json;
  // Larger payloads are refused before anything is sent. Keep it below the broker's limit
  // (Kafka: message.max.bytes, 1 MiB less the record's overhead, key and headers). In bytes, at
  // most kMaxBytesPerCall.
  std::size_t max_payload_bytes = 1'000'000;
  // Takes a transaction-level advisory lock on each key before the rows are inserted, for writers
  // that do not lock the aggregate first. Without either lock, two transactions that write the
  // same key at once have no order that anyone could keep. A call with thousands of keys needs
  // PostgreSQL's max_locks_per_transaction raised.
  bool lock_keys = false;
  // How long enqueue waits for PostgreSQL's answer before it gives the connection up; 0: for ever.
  // For a server that hangs: one that is only slow is better bounded by statement_timeout.
  std::chrono::milliseconds answer_timeout{0};
  // Prepares the statements on each connection when they first run there: half of the server's work
  // for a message. For connections that lead to one server session for as long as they live, so not
  // through a pooler that changes servers between transactions, and without DISCARD or DEALLOCATE
  // ALL.
  bool prepare = false;
};

// The caller's open transaction on a libpq connection. It borrows the connection, and neither
// begins nor ends anything itself.
class Transaction {
 public:
  explicit Transaction(pg_conn* connection) noexcept : connection_(connection) {}
  [[nodiscard]] pg_conn* connection() const noexcept { return connection_; }

 private:
  pg_conn* connection_;
};

// Immutable after construction, so one Outbox may serve all threads; a Transaction belongs to one
// thread at a time, as its connection does.
class Outbox {
 public:
  // At most this many messages in one call, and this many bytes of keys, headers and payloads.
  static constexpr std::size_t kMaxMessagesPerCall = 10'000;
  static constexpr std::size_t kMaxBytesPerCall = 256 * 1024 * 1024;

  // Throws std::invalid_argument when the table's name is none (see OutboxOptions::table).
  explicit Outbox(const OutboxOptions& options = {});

  // Inserts the messages, in their order, in one round trip, and returns their ids in that order.
  // Never begins, commits or rolls back.
  //
  // Refused before anything is sent, with the transaction as it was:
  //   invalid_argument: a message breaks a rule of message.hpp or is too large (the error names its
  //     place in the span and the field), there are too many, no transaction is open on the
  //     connection or it has failed, or the connection's client encoding is not UTF-8.
  //   source_unavailable: the connection is lost.
  // source_unavailable also: no answer came within answer_timeout, and the connection is lost now.
  // Refused by PostgreSQL, which aborts the transaction, so that the caller rolls back:
  //   message_rejected: a value that the table does not take, a payload that is not JSON for one.
  //   not_found, invalid_argument, source_unavailable, …: a missing table, a missing privilege, a
  //     lost connection. conflict: a deadlock over the locks of lock_keys, possible when one
  //     transaction calls enqueue several times; try the transaction again.
  //
  // An id is not checked for uniqueness against earlier messages: a consumer's inbox drops the
  // second one.
  [[nodiscard]] Result<std::vector<Uuid>> enqueue(Transaction& transaction,
                                                  std::span<const Message> messages) const;
  [[nodiscard]] Result<Uuid> enqueue(Transaction& transaction, const Message& message) const;

  // Like enqueue, and commits behind it in the same round trip, so that the messages cost the
  // transaction none of their own. Without messages it only commits.
  //
  // What enqueue refuses, before or in PostgreSQL, is refused as there, and the transaction is
  // still to be rolled back. Besides:
  //   the error of COMMIT, conflict as a rule (a deferred constraint, a serialization failure): the
  //     transaction has been rolled back.
  //   source_unavailable: whether it was committed is not known.
  [[nodiscard]] Result<std::vector<Uuid>> enqueue_and_commit(
      Transaction& transaction, std::span<const Message> messages) const;
  [[nodiscard]] Result<Uuid> enqueue_and_commit(Transaction& transaction,
                                                const Message& message) const;

  // Like enqueue, but writes the messages into PostgreSQL's write-ahead log alone, by the function
  // <table>_emit, and no rows: cheaper, and nothing to remove later. Rolled back with the
  // transaction as rows are. Only an outbox whose log is read ('outboxctl source use wal') can
  // deliver them: for any other, emit fails with conflict, which aborts the transaction. The log is
  // then read to its end before an operator can have the table read again, unless he gives up what
  // is in it.
  //
  // Refuses what enqueue does. lock_keys and the order of a key's messages are as with enqueue,
  // also between messages of both. Until its first failure an emitted message is in no table, so
  // outboxctl shows it only from then on, or by the receipt of its delivery; it cannot be replayed.
  [[nodiscard]] Result<std::vector<Uuid>> emit(Transaction& transaction,
                                               std::span<const Message> messages) const;
  [[nodiscard]] Result<Uuid> emit(Transaction& transaction, const Message& message) const;

 private:
  // The SQL for one message, for several, and for several of which some are delayed.
  struct Statements {
    std::string one;
    std::string many;
    std::string delayed;
  };
  // One of the calls above.
  struct Call {
    const char* name;
    const Statements& statements;
    bool commit;
  };
  [[nodiscard]] Result<std::vector<Uuid>> write(Transaction& transaction,
                                                std::span<const Message> messages,
                                                const Call& call) const;

  OutboxOptions options_;
  Statements insert_;
  Statements emit_;
};

}  // namespace outbox
