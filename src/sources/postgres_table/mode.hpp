#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "outbox/result.hpp"
#include "sources/postgres_table/position.hpp"
#include "sources/postgres_table/sql.hpp"
#include "sources/postgres_wal/lsn.hpp"
#include "support/pg/connection.hpp"

namespace outbox::postgres_table {

// Where an outbox's messages are read, as its operators have decided.
struct Mode {
  bool wal = false;
  std::string slot;  // of the log
  // The slot has exactly what was committed from slot_lsn on; slot_snapshot sees what was before.
  postgres_wal::Lsn slot_lsn = 0;
  Snapshot slot_snapshot;
};

[[nodiscard]] Result<Mode> read_mode(pg::Connection& connection, const Tables& tables);

// What marks a message in the log as emitted for this outbox.
[[nodiscard]] Result<std::string> read_emit_prefix(pg::Connection& connection,
                                                   const Tables& tables);

// The publication by which the log's reader is told of the outbox table.
[[nodiscard]] std::string publication_of(const Tables& tables);

// How far the log was read, as stored: everything that was committed before is done. Where it never
// was, the slot's first place.
[[nodiscard]] Result<postgres_wal::Lsn> read_so_far(pg::Connection& connection,
                                                    const Tables& tables, const Mode& mode);

struct SlotState {
  // Why it cannot be read from: "is gone". Then what was committed behind the place that was read
  // is not in the log any more.
  std::optional<std::string> problem;
  std::optional<std::int32_t> reader;  // the process that streams from it
};
[[nodiscard]] Result<SlotState> look_at_slot(pg::Connection& connection, const Mode& mode,
                                             postgres_wal::Lsn read);

// What is lost with the log behind `read`, and what to do, for people.
[[nodiscard]] std::string describe_gap(const std::string& slot, const std::string& problem,
                                       postgres_wal::Lsn read);

// wrong_history: the slot is gone, was cut off, or does not have what was committed since
// `position`. Ends whoever still streams from it.
[[nodiscard]] Result<void> claim_slot(pg::Connection& connection, const Mode& mode,
                                      postgres_wal::Lsn position);

}  // namespace outbox::postgres_table
