#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "outbox/result.hpp"
#include "outbox/source.hpp"
#include "sources/postgres_table/position.hpp"
#include "sources/postgres_table/seen_exceptions.hpp"

namespace outbox::postgres_table {

// A settlement as it waits in outbox_intent for its transaction's outcome: everything that decides
// what is sent next. Of the receipts it has only those that keep a message from being sent again,
// of what left its key's order and was delivered; the rest tell people, and are written by whoever
// has committed the transaction. `seen`: its exceptions, as they were claimed.
[[nodiscard]] std::string to_json(const Settlement& settlement,
                                  const std::vector<SharedPosition>* positions,
                                  const std::vector<SeenException>& seen);

struct StoredSettlement {
  Settlement settlement;
  std::optional<std::vector<SharedPosition>> positions;  // nothing: it moves none
  std::deque<std::string> topics;                        // that the receipts point to
  std::vector<SeenException> seen;
};

// The part that concerns these shards; whose `resolved` are is not known, so they are all there.
[[nodiscard]] Result<StoredSettlement> parse_settlement(std::string_view json,
                                                        std::uint64_t shards);

}  // namespace outbox::postgres_table
