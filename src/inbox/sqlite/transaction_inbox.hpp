// The inbox on SQLite: the ids of a batch of messages and their effects go into one transaction.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "outbox/inbox.hpp"
#include "support/sqlite/database.hpp"

namespace outbox::sqlite {

// What a message does, in the transaction of its id: statements on the inbox's connection, which
// neither begin nor end a transaction. message_rejected: the state does not admit the effect; what
// was written for it is taken back, and the messages behind it go on. A violated constraint counts
// as one. Any other error gives the whole batch up.
using Effect = std::function<Result<void>()>;

using EffectMessage = InboxMessage<Effect>;

// The ids are in the table `inbox`, one row for each message that had its effect:
//   inbox(message_id text, redeliveries integer)
// redeliveries counts how often it came again, in the transaction that notices.
//
// One thread; any number of processes may share the file.
class TransactionInbox final : public Inbox<Effect> {
 public:
  // Makes the table unless it is there. `database` must outlive the inbox.
  [[nodiscard]] static Result<TransactionInbox> make(Database& database);

  // All outcomes or, when the transaction was not committed, destination_unavailable for each.
  [[nodiscard]] std::vector<Result<InboxOutcome>> apply(
      std::span<const EffectMessage> messages) override;

 private:
  struct Statements {
    Statement claim;
    Statement savepoint;
    Statement release;
    Statement take_back;
  };
  TransactionInbox(Database& database, Statements statements)
      : database_(&database), statements_(std::move(statements)) {}

  [[nodiscard]] Result<std::vector<Result<InboxOutcome>>> apply_in_transaction(
      std::span<const EffectMessage> messages);
  // The outer error gives the batch up, the inner one rejects the message.
  [[nodiscard]] Result<Result<InboxOutcome>> apply_one(const EffectMessage& message);

  Database* database_;
  Statements statements_;
};

}  // namespace outbox::sqlite
