#pragma once

#include <string>

#include "outbox/result.hpp"
#include "sources/postgres_table/sql.hpp"
#include "sources/postgres_wal/lsn.hpp"
#include "support/pg/connection.hpp"

namespace outbox::postgres_table {

// Where an outbox's messages are read, as its operators have decided.
struct Mode {
  bool wal = false;
  std::string slot;                // of the log
  postgres_wal::Lsn slot_lsn = 0;  // what was committed before does not come from it
};

[[nodiscard]] Result<Mode> read_mode(pg::Connection& connection, const Tables& tables);

// The publication by which the log's reader is told of the outbox table.
[[nodiscard]] std::string publication_of(const Tables& tables);

// wrong_history: the slot is gone, was cut off, or does not have what was committed since
// `position`. Ends whoever still streams from it.
[[nodiscard]] Result<void> claim_slot(pg::Connection& connection, const Mode& mode,
                                      postgres_wal::Lsn position);

}  // namespace outbox::postgres_table
