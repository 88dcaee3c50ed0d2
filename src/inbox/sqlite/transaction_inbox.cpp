#include "inbox/sqlite/transaction_inbox.hpp"

#include <sqlite3.h>
#include <utility>

namespace outbox::sqlite {

namespace {

constexpr const char* kTable =
    "create table if not exists inbox ("
    "  message_id    text primary key,"
    "  redeliveries  integer not null default 0 check (redeliveries >= 0)"
    ") strict, without rowid";

// Gives 0 for a message that was not there.
constexpr std::string_view kClaim =
    "insert into inbox (message_id) values (?) "
    "on conflict (message_id) do update set redeliveries = redeliveries + 1 "
    "returning redeliveries";

// The batch fails with the inbox's own code: what is away is a destination to it.
Error unavailable(const Error& error) {
  return Error{ErrorCode::destination_unavailable, error.message};
}

bool rejects(const Error& error) {
  return error.code == ErrorCode::message_rejected || error.code == ErrorCode::conflict;
}

}  // namespace

Result<TransactionInbox> TransactionInbox::make(Database& database) {
  if (auto made = database.exec(kTable); !made) return std::move(made).error();
  auto claim = database.prepare(kClaim);
  auto savepoint = database.prepare("savepoint message");
  auto release = database.prepare("release message");
  auto take_back = database.prepare("rollback to message");
  for (const auto* statement : {&claim, &savepoint, &release, &take_back}) {
    if (!*statement) return statement->error();
  }
  return TransactionInbox{database, Statements{*std::move(claim), *std::move(savepoint),
                                               *std::move(release), *std::move(take_back)}};
}

std::vector<Result<InboxOutcome>> TransactionInbox::apply(std::span<const EffectMessage> messages) {
  if (messages.empty()) return {};
  auto outcomes = apply_in_transaction(messages);
  if (outcomes) return *std::move(outcomes);
  return {messages.size(), unavailable(outcomes.error())};
}

Result<std::vector<Result<InboxOutcome>>> TransactionInbox::apply_in_transaction(
    std::span<const EffectMessage> messages) {
  auto tx = Tx::begin(*database_);
  if (!tx) return std::move(tx).error();
  std::vector<Result<InboxOutcome>> outcomes;
  outcomes.reserve(messages.size());
  for (const EffectMessage& message : messages) {
    auto outcome = apply_one(message);
    if (!outcome) return std::move(outcome).error();
    outcomes.push_back(std::move(outcome).value());
  }
  if (auto committed = tx->commit(); !committed) return std::move(committed).error();
  return outcomes;
}

Result<Result<InboxOutcome>> TransactionInbox::apply_one(const EffectMessage& message) {
  if (auto begun = statements_.savepoint.run(); !begun) return std::move(begun).error();
  const auto claimed = statements_.claim.bind(message.id.to_string()).step();
  if (!claimed) return claimed.error();
  const bool duplicate = statements_.claim.int8(0) > 0;
  statements_.claim.reset();

  Result<void> effect;
  if (!duplicate) effect = message.effect();
  if (!effect) {
    // Some failures, as a full disk, have ended the transaction already.
    const bool open = sqlite3_get_autocommit(database_->raw()) == 0;
    if (!rejects(effect.error()) || !open) return std::move(effect).error();
    if (auto back = statements_.take_back.run(); !back) return std::move(back).error();
  }
  if (auto released = statements_.release.run(); !released) return std::move(released).error();
  if (!effect) {
    return Result<InboxOutcome>(Error{ErrorCode::message_rejected, effect.error().message});
  }
  return Result<InboxOutcome>(duplicate ? InboxOutcome::duplicate : InboxOutcome::applied);
}

}  // namespace outbox::sqlite
