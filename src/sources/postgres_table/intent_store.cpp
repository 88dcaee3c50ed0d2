#include "sources/postgres_table/intent_store.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "sources/postgres_table/position_arrays.hpp"
#include "sources/postgres_table/settlement_json.hpp"

namespace outbox::postgres_table {
namespace {

// Holds the shards until the transaction ends, so that whoever takes over sees what it has written.
// Parameters: owner, epoch, shards.
constexpr const char* kFence = R"(
  with fence as materialized (
         select 1 from (select bool_and(owner = $1::text and epoch = $2::bigint) as held
                          from (select * from ${outbox_shard}
                                 where ($3::bigint >> shard::integer) & 1 = 1 for share) s) f
          where held))";

// After it.
constexpr const char* kHolds = " select exists (select from fence)";

// After it. Further parameters: sender, since.
constexpr const char* kEnlist = R"(
  insert into ${outbox_intent} (sender, owner, shards, since)
  select $4::text, $1::text, $3::bigint, $5::bigint from fence
  returning 1)";

// After it. Further parameters: sender, settlement.
constexpr const char* kPrepare = R"(
  update ${outbox_intent}
     set n = n + 1, xid = pg_current_xact_id(), settlement = $5::json
    from fence where sender = $4::text and settlement is null
  returning n, xid)";

// Parameter: sender.
constexpr const char* kDone =
    "update ${outbox_intent} set settlement = null where sender = $1::text";

// Parameter: shards.
constexpr const char* kLoad = R"(
  select sender, since, n, settlement::text, shards & $1::bigint from ${outbox_intent}
   where shards & $1::bigint <> 0 order by sender)";

// Others may be taking other shards out of the same row just now. So what is left of it is told by
// the row as it is when it was locked: a condition on the row itself would be looked at before they
// have ended, and both would leave it to the other. Parameter: shards.
constexpr const char* kForget = R"(
  with mine as materialized (
         select sender, shards & ~$1::bigint as rest from ${outbox_intent}
          where shards & $1::bigint <> 0 order by sender for update),
       left_over as (
         update ${outbox_intent} i set shards = mine.rest
           from mine where i.sender = mine.sender and mine.rest <> 0)
  delete from ${outbox_intent} i
   using mine where i.sender = mine.sender and mine.rest = 0 returning i.sender)";

// Parameters: seqs, shards.
constexpr const char* kOnlyOf = R"(
  select seq from ${outbox_exception}
   where seq = any ($1::bigint[]) and state <> 'held' and ($2::bigint >> shard::integer) & 1 = 1)";

constexpr const char* kOrigin = "select id::text from ${outbox_origin} limit 1";

constexpr const char* kNextXid = "select pg_snapshot_xmax(pg_current_snapshot())";

Error taken_over() {
  return {ErrorCode::not_owner, "another relay has taken over; nothing more is sent from here"};
}

Error other_history(const std::string& sender) {
  return {ErrorCode::wrong_history,
          "Kafka has a transaction of " + sender +
              " that this database knows nothing of: the database was set back to an earlier time "
              "(restored, or a standby that had not received everything). Nothing was sent; "
              "'outboxctl source reset --other-history' begins a new history and sends again "
              "whatever this database does not know to be settled, see 'Exactly once' in "
              "docs/sinks/kafka.md"};
}

}  // namespace

Result<void> IntentStore::prepare_statements(const Tables& tables) {
  const std::pair<const char*, std::string> statements[] = {
      {"intent_holds", tables.sql(std::string{kFence} + kHolds)},
      {"intent_enlist", tables.sql(std::string{kFence} + kEnlist)},
      {"intent_prepare", tables.sql(std::string{kFence} + kPrepare)},
      {"intent_done", tables.sql(kDone)},
      {"intent_load", tables.sql(kLoad)},
      {"intent_forget", tables.sql(kForget)},
      {"intent_only_of", tables.sql(kOnlyOf)},
      {"intent_origin", tables.sql(kOrigin)},
  };
  for (const auto& [name, sql] : statements) {
    if (Result<void> prepared = connection_->prepare(name, sql); !prepared) {
      return prepared;
    }
  }
  return {};
}

Result<std::string> IntentStore::origin() {
  const Result<pg::Rows> rows = connection_->query_prepared("intent_origin");
  if (!rows) {
    return rows.error();
  }
  return std::string{rows->empty() ? "" : rows->text(0, 0)};
}

Result<void> IntentStore::enlist(const TransactionSender& sender) {
  sender_ = sender.id;
  pg::Params params;
  params.text(fence_.owner).int8(fence_.epoch).int8(as_bits(fence_.shards));
  params.text(sender.id).int8(sender.since);
  const Result<pg::Rows> rows = connection_->query_prepared("intent_enlist", params);
  if (!rows) {
    return rows.error();
  }
  return rows->empty() ? Result<void>{taken_over()} : Result<void>{};
}

Result<PreparedTransaction> IntentStore::store(const Settlement& settlement,
                                               const std::vector<SharedPosition>* positions,
                                               const std::vector<SeenException>& seen,
                                               const std::function<Result<void>()>& also) {
  Result<pg::Tx> tx = pg::Tx::begin(*connection_);
  if (!tx) {
    return std::move(tx).error();
  }
  if (Result<pg::Rows> set = connection_->exec("set local synchronous_commit = on"); !set) {
    return std::move(set).error();
  }
  if (Result<void> done = also(); !done) {
    return std::move(done).error();
  }
  pg::Params params;
  params.text(fence_.owner).int8(fence_.epoch).int8(as_bits(fence_.shards));
  params.text(sender_).text(to_json(settlement, positions, seen));
  const Result<pg::Rows> rows = connection_->query_prepared("intent_prepare", params);
  if (!rows) {
    return rows.error();
  }
  if (rows->empty()) {
    return taken_over();
  }
  PreparedTransaction transaction;
  transaction.number = rows->int8(0, 0);
  transaction.xid = static_cast<std::uint64_t>(rows->int8(0, 1));
  if (Result<void> committed = tx->commit(); !committed) {
    return std::move(committed).error();
  }
  return transaction;
}

Result<void> IntentStore::done() {
  pg::Params params;
  params.text(sender_);
  const Result<pg::Rows> rows = connection_->query_prepared("intent_done", params);
  return rows ? Result<void>{} : Result<void>{rows.error()};
}

Result<std::vector<Intent>> IntentStore::load() {
  pg::Params params;
  params.int8(as_bits(fence_.shards));
  const Result<pg::Rows> rows = connection_->query_prepared("intent_load", params);
  if (!rows) {
    return rows.error();
  }
  // Shards do not come back with the same epoch, so they were still owned when the rows were read:
  // none is of a sender that began after others had taken them.
  const Result<bool> owned = holds();
  if (!owned) {
    return owned.error();
  }
  if (!*owned) {
    return taken_over();
  }
  std::vector<Intent> intents;
  for (int i = 0; i < rows->size(); ++i) {
    intents.push_back(Intent{std::string{rows->text(i, 0)}, rows->int8(i, 1), rows->int8(i, 2),
                             std::string{rows->text(i, 3)},
                             std::bit_cast<std::uint64_t>(rows->int8(i, 4))});
  }
  return intents;
}

Result<bool> IntentStore::holds() {
  pg::Params params;
  params.text(fence_.owner).int8(fence_.epoch).int8(as_bits(fence_.shards));
  const Result<pg::Rows> rows = connection_->query_prepared("intent_holds", params);
  return rows ? Result<bool>{rows->boolean(0, 0)} : Result<bool>{rows.error()};
}

Result<void> IntentStore::check_history(const CommittedTransactions& committed,
                                        const std::vector<Intent>& intents) {
  const Result<pg::Rows> next = connection_->query(kNextXid);
  if (!next) {
    return next.error();
  }
  for (const CommittedTransaction& transaction : committed.newest) {
    const auto known = std::find_if(intents.begin(), intents.end(), [&](const Intent& intent) {
      return intent.sender == transaction.sender;
    });
    if (transaction.xid >= static_cast<std::uint64_t>(next->int8(0, 0)) ||
        (known != intents.end() && transaction.number > known->n)) {
      return other_history(transaction.sender);
    }
  }
  for (const Intent& intent : intents) {
    if (intent.since > committed.end) {
      return Error{ErrorCode::wrong_history,
                   "Kafka's record of transactions ends before the sender " + intent.sender +
                       " began: its topic (sink.position_topic) was deleted or is another "
                       "cluster's, so what was committed is not known. Correct sink.brokers or "
                       "sink.position_topic; if the topic is gone for good, "
                       "'outboxctl source reset --other-history' goes on without it, see 'Exactly "
                       "once' in docs/sinks/kafka.md"};
    }
  }
  return {};
}

Result<std::vector<std::string>> IntentStore::forget() {
  pg::Params params;
  params.int8(as_bits(fence_.shards));
  const Result<pg::Rows> rows = connection_->query_prepared("intent_forget", params);
  if (!rows) {
    return rows.error();
  }
  std::vector<std::string> senders;
  for (int i = 0; i < rows->size(); ++i) {
    senders.emplace_back(rows->text(i, 0));
  }
  return senders;
}

Result<std::vector<std::int64_t>> IntentStore::only_of(std::uint64_t shards,
                                                       const std::vector<std::int64_t>& seqs) {
  pg::Array array{pg::Type::int8};
  for (const std::int64_t seq : seqs) {
    array.int8(seq);
  }
  pg::Params params;
  params.array(array).int8(as_bits(shards));
  const Result<pg::Rows> rows = connection_->query_prepared("intent_only_of", params);
  if (!rows) {
    return rows.error();
  }
  std::vector<std::int64_t> found;
  for (int i = 0; i < rows->size(); ++i) {
    found.push_back(rows->int8(i, 0));
  }
  return found;
}

}  // namespace outbox::postgres_table
