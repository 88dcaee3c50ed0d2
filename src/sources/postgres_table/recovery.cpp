#include "sources/postgres_table/recovery.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "sources/postgres_table/settlement_json.hpp"

namespace outbox::postgres_table {
namespace {

bool was_committed(const Intent& intent, const CommittedTransactions& committed) {
  return std::any_of(committed.newest.begin(), committed.newest.end(),
                     [&](const CommittedTransaction& transaction) {
                       return transaction.sender == intent.sender && transaction.number == intent.n;
                     });
}

// The shards of `moved` stand there, the others where they did.
void move(std::vector<SharedPosition>& positions, std::vector<SharedPosition> moved) {
  for (SharedPosition& to : moved) {
    for (SharedPosition& from : positions) {
      from.shards &= ~to.shards;
    }
    positions.push_back(std::move(to));
  }
  std::erase_if(positions, [](const SharedPosition& position) { return position.shards == 0; });
}

template <class T>
void append(std::vector<T>& to, std::vector<T>& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

// What was committed of the intents; they concern different shards.
struct Outcome {
  Settlement settlement;
  std::deque<std::string> topics;
  std::vector<SharedPosition> positions;
  std::vector<SeenException> seen;
};

Result<void> add(Outcome& outcome, IntentStore& intents, std::uint64_t shards,
                 StoredSettlement stored) {
  Settlement& settlement = stored.settlement;
  const Result<std::vector<std::int64_t>> own = intents.only_of(shards, settlement.resolved);
  if (!own) {
    return own.error();
  }
  std::erase_if(settlement.delivered, [&](const Receipt& receipt) {
    return std::find(own->begin(), own->end(), receipt.seq) == own->end();
  });
  for (Receipt& receipt : settlement.delivered) {
    receipt.topic = outcome.topics.emplace_back(receipt.topic);
  }
  append(outcome.settlement.delivered, settlement.delivered);
  outcome.settlement.resolved.insert(outcome.settlement.resolved.end(), own->begin(), own->end());
  append(outcome.settlement.failed, settlement.failed);
  append(outcome.settlement.detached, settlement.detached);
  append(outcome.settlement.held, settlement.held);
  append(outcome.seen, stored.seen);
  if (stored.positions) {
    move(outcome.positions, *std::move(stored.positions));
  }
  return {};
}

Result<CommittedTransactions> judge_all(TransactionJudge& judge, IntentStore& intents) {
  const Result<std::vector<Intent>> known = intents.load();
  if (!known) {
    return known.error();
  }
  std::vector<std::string> senders;
  for (const Intent& intent : *known) {
    senders.push_back(intent.sender);
  }
  if (Result<void> fenced = judge.fence(senders); !fenced) {
    return std::move(fenced).error();
  }
  const Result<std::string> origin = intents.origin();
  if (!origin) {
    return origin.error();
  }
  return judge.committed(*origin);
}

}  // namespace

Result<std::vector<std::string>> recover(IntentStore& intents, Settler& settler,
                                         TransactionJudge& judge,
                                         std::vector<SharedPosition> positions) {
  const Result<CommittedTransactions> committed = judge_all(judge, intents);
  if (!committed) {
    return committed.error();
  }
  const Result<std::vector<Intent>> known = intents.load();
  if (!known) {
    return known.error();
  }
  if (Result<void> checked = intents.check_history(*committed, *known); !checked) {
    return std::move(checked).error();
  }
  Outcome outcome{{}, {}, std::move(positions), {}};
  for (const Intent& intent : *known) {
    if (intent.settlement.empty() || !was_committed(intent, *committed)) {
      continue;
    }
    // Of the others that the transaction was about, someone has settled it, and has gone on since.
    Result<StoredSettlement> stored = parse_settlement(intent.settlement, intent.shards);
    if (!stored) {
      return std::move(stored).error();
    }
    if (Result<void> added = add(outcome, intents, intent.shards, *std::move(stored)); !added) {
      return std::move(added).error();
    }
  }
  std::vector<std::string> gone;
  if (known->empty()) {
    return gone;
  }
  const auto forget = [&]() -> Result<void> {
    Result<std::vector<std::string>> forgotten = intents.forget();
    if (!forgotten) {
      return std::move(forgotten).error();
    }
    gone = *std::move(forgotten);
    return {};
  };
  settler.saw(outcome.seen);
  if (Result<void> settled =
          settler.settle(outcome.settlement, &outcome.positions, {.durably = true, .also = forget});
      !settled) {
    return std::move(settled).error();
  }
  return gone;
}

}  // namespace outbox::postgres_table
