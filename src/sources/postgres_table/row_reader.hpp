#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "outbox/result.hpp"
#include "outbox/source.hpp"
#include "sources/postgres_table/seen_exceptions.hpp"
#include "support/pg/connection.hpp"
#include "support/pg/params.hpp"

namespace outbox::postgres_table {

// The columns of a record, in the order in which read_records takes them, of the row `o`.
// The last is null unless the message is to be delivered later.
inline constexpr const char* kRecordColumns =
    "o.seq, o.id, o.shard, o.created_at, o.aggregatetype, o.aggregateid, o.type, o.payload, "
    "o.headers, case when o.available_at is null then null "
    "when o.available_at > clock_timestamp() then o.available_at end";

// The same of a row `o` with its exception `e`, which may change what is sent, and three more
// columns for where to, for how often that has failed and for when the exception was changed.
inline constexpr const char* kClaimedColumns =
    "o.seq, o.id, o.shard, o.created_at, o.aggregatetype, o.aggregateid, o.type, "
    "coalesce(e.payload, o.payload), "
    "case when e.replay then o.headers || '{\"outbox-replay\": \"true\"}' else o.headers end, "
    "null::timestamptz, e.topic, e.attempts, e.updated_at";

struct ReadLimits {
  std::size_t rows = 0;
  std::size_t bytes = 0;  // the batch ends with the row that reaches them
};

// Runs a prepared statement that gives kRecordColumns or kClaimedColumns and fills a batch with its
// rows, row by row, so that memory is bounded whatever the rows' sizes: what is left of them when
// the bytes are reached is cancelled on the server, and the batch is marked as truncated. `seen`:
// for kClaimedColumns, gets those that have an exception.
[[nodiscard]] Result<Batch> read_records(pg::Connection& connection, const std::string& statement,
                                         const pg::Params& params, const ReadLimits& limits,
                                         std::vector<SeenException>* seen = nullptr);

}  // namespace outbox::postgres_table
