#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "outbox/result.hpp"
#include "sources/postgres_table/position.hpp"
#include "sources/postgres_table/sql.hpp"
#include "support/pg/connection.hpp"

namespace outbox::postgres_table {

// What a relay writes with: whatever it writes after any of its shards was taken from it is
// refused.
struct Fence {
  std::int64_t epoch = 0;
  std::string owner;
  std::uint64_t shards = 0;  // a set: bit k stands for shard k
};

// Refuses a database whose positions cannot be trusted: a standby (its snapshots list no running
// transactions: conflict, since it may be promoted), one that was restored from a dump, or one that
// lost transactions behind a position (wrong_history).
[[nodiscard]] Result<void> check_history(pg::Connection& connection, const Tables& tables);

// The stored positions of these shards, the oldest first; together they name each shard once.
[[nodiscard]] Result<std::vector<SharedPosition>> load_positions(pg::Connection& connection,
                                                                 const Tables& tables,
                                                                 std::uint64_t shards);

// Gives `owner` up to `quota` shards, with a new epoch, durably: those that operators want it to
// have, those that it has, free ones. What it has beyond that becomes free, and so does what
// operators have paused, released, or want another relay to have. conflict: there was none to take.
[[nodiscard]] Result<Fence> take_shards(pg::Connection& connection, const Tables& tables,
                                        const std::string& owner, int quota);

// The same of all shards or none.
[[nodiscard]] Result<Fence> take_all_shards(pg::Connection& connection, const Tables& tables,
                                            const std::string& owner);

}  // namespace outbox::postgres_table
