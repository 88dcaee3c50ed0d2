#include "sources/postgres_table/mode.hpp"

#include <utility>

#include "support/pg/params.hpp"

namespace outbox::postgres_table {

using postgres_wal::Lsn;

namespace {

constexpr const char* kMode = "select mode = 'wal', slot, slot_lsn::text from ${outbox_control}";

constexpr const char* kSlot = R"(
  select plugin = 'pgoutput' and database = current_database(), wal_status = 'lost',
         confirmed_flush_lsn::text, active_pid
    from pg_replication_slots where slot_name = $1::text)";

Error refused(const std::string& slot, const std::string& what) {
  return Error{ErrorCode::wrong_history,
               "the replication slot " + slot + " " + what +
                   ": nothing was sent, since messages could be lost unseen; 'outboxctl source use "
                   "wal' makes a new one and finds in the table what the old one no longer has, "
                   "see docs/sources/postgres-wal.md"};
}

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
  mode.wal = true;
  mode.slot = rows->text(0, 1);
  mode.slot_lsn = *lsn;
  return mode;
}

std::string publication_of(const Tables& tables) {
  return tables.table() + "_wal";
}

Result<void> claim_slot(pg::Connection& connection, const Mode& mode, Lsn position) {
  pg::Params params;
  params.text(mode.slot);
  const Result<pg::Rows> rows = connection.query(kSlot, params);
  if (!rows) {
    return rows.error();
  }
  if (rows->empty()) {
    return refused(mode.slot, "is gone");
  }
  if (!rows->boolean(0, 0)) {
    return refused(mode.slot, "is not one of pgoutput in this database");
  }
  if (rows->boolean(0, 1)) {
    return refused(mode.slot, "was invalidated, as max_slot_wal_keep_size wanted it");
  }
  const Result<Lsn> confirmed = postgres_wal::to_lsn(rows->text(0, 2));
  if (!confirmed) {
    return confirmed.error();
  }
  if (*confirmed > position) {
    return refused(mode.slot, "has passed " + postgres_wal::to_text(*confirmed) +
                                  ", but what was committed since " +
                                  postgres_wal::to_text(position) +
                                  " was not read: someone has made it anew or moved it");
  }
  if (rows->is_null(0, 3)) {
    return {};
  }
  // Its shards are ours by now, so nothing that it still reads will count.
  params.clear();
  params.int4(static_cast<std::int32_t>(rows->int8(0, 3)));
  const Result<pg::Rows> ended =
      connection.query("select pg_terminate_backend($1::integer)", params);
  return ended ? Result<void>{} : Result<void>{ended.error()};
}

}  // namespace outbox::postgres_table
