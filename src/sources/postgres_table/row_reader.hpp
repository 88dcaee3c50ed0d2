#pragma once

#include <cstddef>
#include <string>

#include "outbox/result.hpp"
#include "outbox/source.hpp"
#include "support/pg/connection.hpp"
#include "support/pg/params.hpp"

namespace outbox::postgres_table {

// The columns of a record, in the order in which read_records takes them, of the row `o`.
inline constexpr const char* kRecordColumns =
    "o.seq, o.id, o.shard, o.created_at, o.aggregatetype, o.aggregateid, o.type, o.payload, "
    "o.headers";

struct ReadLimits {
  std::size_t rows = 0;
  std::size_t bytes = 0;  // the batch ends with the row that reaches them
};

// Runs a prepared statement that gives kRecordColumns and fills a batch with its rows, row by row,
// so that memory is bounded whatever the rows' sizes: what is left of them when the bytes are
// reached is cancelled on the server, and the batch is marked as truncated.
[[nodiscard]] Result<Batch> read_records(pg::Connection& connection, const std::string& statement,
                                         const pg::Params& params, const ReadLimits& limits);

}  // namespace outbox::postgres_table
