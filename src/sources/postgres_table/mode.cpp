#include "sources/postgres_table/mode.hpp"

#include <utility>

#include "support/pg/params.hpp"

namespace outbox::postgres_table {

using postgres_wal::Lsn;

namespace {

constexpr const char* kMode =
    "select mode = 'wal', slot, slot_lsn::text, slot_snapshot::text from ${outbox_control}";

constexpr const char* kSlot = R"(
  select plugin = 'pgoutput' and database = current_database(), wal_status = 'lost',
         confirmed_flush_lsn::text, active_pid
    from pg_replication_slots where slot_name = $1::text)";

}  // namespace

Result<Mode> read_mode(pg::Connection& connection, const Tables& tables) {
  const Result<pg::Rows> rows = connection.query(tables.sql(kMode));
  if (!rows) {
    return rows.error();
  }
  Mode mode;
  if (rows->empty() || !rows->boolean(0, 0)) {
    return mode;
  }
  const Result<Lsn> lsn = postgres_wal::to_lsn(rows->text(0, 2));
  if (!lsn) {
    return lsn.error();
  }
  Result<Snapshot> snapshot = Snapshot::parse(rows->text(0, 3));
  if (!snapshot) {
    return std::move(snapshot).error();
  }
  mode.wal = true;
  mode.slot = rows->text(0, 1);
  mode.slot_lsn = *lsn;
  mode.slot_snapshot = *std::move(snapshot);
  return mode;
}

Result<std::string> read_emit_prefix(pg::Connection& connection, const Tables& tables) {
  const Result<pg::Rows> rows =
      connection.query(tables.sql("select prefix from ${outbox_secret} limit 1"));
  if (!rows) {
    return rows.error();
  }
  return rows->empty() ? std::string{} : std::string{rows->text(0, 0)};
}

std::string publication_of(const Tables& tables) {
  return tables.table() + "_wal";
}

Result<Lsn> read_so_far(pg::Connection& connection, const Tables& tables, const Mode& mode) {
  const Result<pg::Rows> rows =
      connection.query(tables.sql("select min(lsn)::text from ${outbox_position}"));
  if (!rows) {
    return rows.error();
  }
  return rows->is_null(0, 0) ? Result<Lsn>{mode.slot_lsn} : postgres_wal::to_lsn(rows->text(0, 0));
}

Result<SlotState> look_at_slot(pg::Connection& connection, const Mode& mode, Lsn read) {
  pg::Params params;
  params.text(mode.slot);
  const Result<pg::Rows> rows = connection.query(kSlot, params);
  if (!rows) {
    return rows.error();
  }
  SlotState state;
  if (rows->empty()) {
    state.problem = "is gone";
    return state;
  }
  if (!rows->is_null(0, 3)) {
    state.reader = static_cast<std::int32_t>(rows->int8(0, 3));
  }
  if (!rows->boolean(0, 0)) {
    state.problem = "is not one of pgoutput in this database";
    return state;
  }
  if (rows->boolean(0, 1)) {
    state.problem = "was invalidated, as max_slot_wal_keep_size wanted it";
    return state;
  }
  const Result<Lsn> confirmed = postgres_wal::to_lsn(rows->text(0, 2));
  if (!confirmed) {
    return confirmed.error();
  }
  if (*confirmed > read) {
    state.problem = "begins only at " + postgres_wal::to_text(*confirmed) +
                    ": someone has made it anew or moved it";
  }
  return state;
}

std::string describe_gap(const std::string& slot, const std::string& problem, Lsn read) {
  return "the replication slot " + slot + " " + problem + "; what was committed from " +
         postgres_wal::to_text(read) +
         " on is in the log no more. Nothing is sent. 'outboxctl source use wal --accept-gap' "
         "makes "
         "a new slot and finds the rows that are still in the table; messages that were emitted "
         "since, and rows that were deleted, are lost (see docs/sources/postgres-wal.md)";
}

Result<void> claim_slot(pg::Connection& connection, const Mode& mode, Lsn position) {
  const Result<SlotState> slot = look_at_slot(connection, mode, position);
  if (!slot) {
    return slot.error();
  }
  if (slot->problem) {
    return Error{ErrorCode::wrong_history, describe_gap(mode.slot, *slot->problem, position)};
  }
  if (!slot->reader) {
    return {};
  }
  // Its shards are ours by now, so nothing that it still reads will count.
  pg::Params params;
  params.int4(*slot->reader);
  const Result<pg::Rows> ended =
      connection.query("select pg_terminate_backend($1::integer)", params);
  return ended ? Result<void>{} : Result<void>{ended.error()};
}

}  // namespace outbox::postgres_table
