#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "outbox/result.hpp"
#include "outbox/source.hpp"
#include "sources/arena.hpp"
#include "support/pg/connection.hpp"
#include "support/pg/params.hpp"
#include "support/pg/rows.hpp"

namespace outbox::postgres_table {

// The columns of a record, in the order in which read_records takes them, of the row `o`.
// The last is null unless the message is to be delivered later.
inline constexpr const char* kRecordColumns =
    "o.seq, o.id, o.shard, o.created_at, o.aggregatetype, o.aggregateid, o.type, o.payload, "
    "o.headers, case when o.available_at is null then null "
    "when o.available_at > clock_timestamp() then o.available_at end";
inline constexpr int kRecordColumnCount = 10;

struct ReadLimits {
  std::size_t rows = 0;
  std::size_t bytes = 0;  // the batch ends with the row that reaches them
};

// Gets each row, of one row, for the columns behind a record's; and the record, whose bytes are in
// the arena, or null where the row has none.
using MoreColumns = std::function<void(const pg::Rows& row, Record* record, Arena& arena)>;

// Runs a prepared statement that gives kRecordColumns, or nulls in their place for no record, and
// fills a batch with its rows, row by row, so that memory is bounded whatever the rows' sizes: what
// is left of them when the bytes are reached is cancelled on the server, and the batch is marked as
// truncated.
[[nodiscard]] Result<Batch> read_records(pg::Connection& connection, const std::string& statement,
                                         const pg::Params& params, const ReadLimits& limits,
                                         const MoreColumns& more = {});

}  // namespace outbox::postgres_table
