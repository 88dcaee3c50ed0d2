#pragma once

#include <string>
#include <vector>

#include "outbox/result.hpp"
#include "outbox/transaction.hpp"
#include "sources/postgres_table/intent_store.hpp"
#include "sources/postgres_table/position.hpp"
#include "sources/postgres_table/settler.hpp"

namespace outbox::postgres_table {

// What earlier owners of the fence's shards have sent in transactions: nothing more comes of it,
// and what was committed is settled. `positions`: where the shards stand before; the stored ones
// are others afterwards. Returns the senders of which nothing is left.
//
// In this order: the senders are known before they send anything; they are fenced; only then is
// read what they had prepared, since a former owner may prepare until it is fenced; and then what
// they had committed.
[[nodiscard]] Result<std::vector<std::string>> recover(IntentStore& intents, Settler& settler,
                                                       TransactionJudge& judge,
                                                       std::vector<SharedPosition> positions);

}  // namespace outbox::postgres_table
