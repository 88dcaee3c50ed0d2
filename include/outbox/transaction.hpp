// Exactly once: what was sent and what was settled become one, since the destination's transaction
// decides and the source remembers what it decides about (docs/adr/0009).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "outbox/result.hpp"
#include "outbox/source.hpp"

namespace outbox {

// Whose transactions they are.
struct TransactionScope {
  std::string origin;  // names an outbox and its history, among all that a destination may know
  std::string owner;   // the relay
};

// One who sends in transactions, one after the other. Nobody ever sends under its id again.
struct TransactionSender {
  std::string id;
  // The end of the destination's record of transactions when the sender began: none of its own is
  // recorded before.
  std::int64_t since = 0;
};

// A transaction whose outcome the source has to learn.
struct PreparedTransaction {
  std::int64_t number = 0;  // the first of a sender is 1, each has the next one
  std::uint64_t xid = 0;    // of the source's own transaction that remembers it
  // Senders of which the destination need remember nothing any more.
  std::vector<std::string> retired;
};

// Of a sender, the last transaction that the destination has committed.
struct CommittedTransaction {
  std::string sender;
  std::int64_t number = 0;
  std::uint64_t xid = 0;
};

struct CommittedTransactions {
  std::vector<CommittedTransaction> newest;  // one for each sender that is not retired
  std::int64_t end = 0;                      // of the record; compare TransactionSender::since
};

// Tells what became of transactions. One thread; every call may wait for the destination, about ten
// seconds for each step, and may fail with destination_unavailable: try again later.
class TransactionJudge {
 public:
  virtual ~TransactionJudge() = default;

  // What these senders have open is aborted, and they commit nothing from now on.
  [[nodiscard]] virtual Result<void> fence(std::span<const std::string> senders) = 0;

  // What was committed under this origin, up to now.
  [[nodiscard]] virtual Result<CommittedTransactions> committed(const std::string& origin) = 0;
};

// What a sink can do besides, when it sends in transactions. One thread, that of Sink::send.
//
// A message that is not delivered spoils its transaction: there is no Delivery of it, problem()
// tells, and nothing more is accepted. What the destination holds against one message or one topic
// the sink remembers, and refuses the message at once when it is sent again.
class TransactionalSink {
 public:
  virtual ~TransactionalSink() = default;

  // A new sender, after the one before was abandoned; there are no further deliveries for that one.
  // Waits for the destination, as TransactionJudge's calls do.
  [[nodiscard]] virtual Result<TransactionSender> open(const TransactionScope& scope) = 0;

  // Before the first message of each transaction. destination_unavailable: the sender is at its
  // end.
  [[nodiscard]] virtual Result<void> begin() = 0;

  // Why the transaction can only be abandoned: message_rejected or topic_unavailable when it is to
  // be sent again at once, destination_unavailable otherwise.
  [[nodiscard]] virtual std::optional<Error> problem() const = 0;

  // Once every message has its delivery: commits them together with the record of the transaction.
  // destination_unavailable: nothing was committed; timeout: that is not known.
  [[nodiscard]] virtual Result<void> commit(const PreparedTransaction& transaction) = 0;

  // Between two transactions: the sender should be replaced by a new one.
  [[nodiscard]] virtual bool is_stale() const = 0;

  // Aborts what is open, as far as the destination can be reached within a few seconds; nothing
  // more is accepted until open. Idempotent.
  virtual void abandon() = 0;
};

// What a source can do besides. Threads and errors as for Source::settle. Its connect asks a
// TransactionJudge about what earlier senders have left behind.
class TransactionalSource {
 public:
  virtual ~TransactionalSource() = default;

  [[nodiscard]] virtual TransactionScope transaction_scope() const = 0;

  // Once for each connection, before anything is sent: whoever takes over knows the sender.
  [[nodiscard]] virtual Result<void> enlist(const TransactionSender& sender) = 0;

  // Durable on return: the settlement takes effect if, and only if, the transaction is committed.
  [[nodiscard]] virtual Result<PreparedTransaction> prepare(const Settlement& settlement) = 0;

  // It was committed: settles what prepare was given.
  [[nodiscard]] virtual Result<void> resolve(const Settlement& settlement) = 0;
};

}  // namespace outbox
