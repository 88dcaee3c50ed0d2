#pragma once

#include <cstdint>
#include <string>

#include "outbox/result.hpp"
#include "sources/postgres_table/position.hpp"
#include "sources/postgres_table/sql.hpp"
#include "support/pg/connection.hpp"

namespace outbox::postgres_table {

// What a relay writes with: whatever a former owner writes after a takeover is refused.
struct Fence {
  std::int64_t epoch = 0;
  std::string owner;
};

// Refuses a database whose positions cannot be trusted: a standby (its snapshots list no running
// transactions: conflict, since it may be promoted), one that was restored from a dump, or one that
// lost transactions behind `position` (wrong_history).
[[nodiscard]] Result<void> check_history(pg::Connection& connection, const Tables& tables,
                                         const Position& position);

// The stored position. All shards stand at the same one.
[[nodiscard]] Result<Position> load_position(pg::Connection& connection, const Tables& tables);

// Makes the connection the outbox's only relay as long as it lives; conflict when there is another.
[[nodiscard]] Result<void> lock_outbox(pg::Connection& connection, const Tables& tables);

// Takes all shards over with a new epoch, durably.
[[nodiscard]] Result<Fence> take_shards(pg::Connection& connection, const Tables& tables,
                                        const std::string& owner);

}  // namespace outbox::postgres_table
