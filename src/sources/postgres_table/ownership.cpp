#include "sources/postgres_table/ownership.hpp"

#include <utility>

namespace outbox::postgres_table {
namespace {

// The first half of the advisory lock's key; the second is the table's oid. "outb" in ASCII.
constexpr std::int32_t kLockClass = 0x6F757462;

// The server, too, is to notice within seconds that the relay's machine is gone: the lock would
// otherwise keep every other relay away for hours.
constexpr const char* kNoticeDeadPeer =
    "set tcp_keepalives_idle = 5; set tcp_keepalives_interval = 3; set tcp_keepalives_count = 3; "
    "set tcp_user_timeout = '15s'";

}  // namespace

Result<void> check_history(pg::Connection& connection, const Tables& tables,
                           const Position& position) {
  pg::Params params;
  params.text(position.to ? position.to->text : position.from.text);
  const Result<pg::Rows> rows = connection.query(
      tables.sql("select pg_is_in_recovery(), "
                 "       (select bool_and(o.xmin::text::bigint = "
                 "                        (o.xid::text::numeric % 4294967296)::bigint) "
                 "          from ${outbox_origin} o), "
                 "       pg_snapshot_xmax($1::pg_snapshot) <= "
                 "         pg_snapshot_xmax(pg_current_snapshot())"),
      params);
  if (!rows) {
    return rows.error();
  }
  if (rows->boolean(0, 0)) {
    return Error{ErrorCode::conflict,
                 "the database is a standby, whose snapshots do not list running transactions: "
                 "connect to the primary"};
  }
  if (!rows->boolean(0, 1) || !rows->boolean(0, 2)) {
    return Error{
        ErrorCode::wrong_history,
        "the outbox's position belongs to another history of this database (it was "
        "restored from a dump, or has lost transactions): nothing was sent, since messages "
        "could be lost unseen; see 'Restoring a database' in docs/operations.md"};
  }
  return {};
}

Result<Position> load_position(pg::Connection& connection, const Tables& tables) {
  const Result<pg::Rows> rows = connection.query(
      tables.sql("select from_snapshot::text, to_snapshot::text, last_seq, count(*) "
                 "from ${outbox_position} group by 1, 2, 3"));
  if (!rows) {
    return rows.error();
  }
  if (rows->size() != 1 || rows->int8(0, 3) != 64) {
    return Error{ErrorCode::wrong_history,
                 "the outbox_progress tables have no common position for the 64 shards: restore "
                 "them, or run the relay's version that wrote them"};
  }
  Position position;
  Result<Snapshot> from = Snapshot::parse(rows->text(0, 0));
  if (!from) {
    return std::move(from).error();
  }
  position.from = *std::move(from);
  if (!rows->is_null(0, 1)) {
    Result<Snapshot> to = Snapshot::parse(rows->text(0, 1));
    if (!to) {
      return std::move(to).error();
    }
    position.to = *std::move(to);
    position.last_seq = rows->int8(0, 2);
  }
  return position;
}

Result<void> lock_outbox(pg::Connection& connection, const Tables& tables) {
  if (const Result<pg::Rows> set = connection.exec(kNoticeDeadPeer); !set) {
    return set.error();
  }
  pg::Params params;
  params.int4(kLockClass);
  const Result<pg::Rows> rows = connection.query(
      tables.sql("select pg_try_advisory_lock($1, "
                 "         ('${outbox}'::regclass::oid::bigint - 2147483648)::integer), "
                 "       (select string_agg(distinct owner, ', ') from ${outbox_shard})"),
      params);
  if (!rows) {
    return rows.error();
  }
  if (!rows->boolean(0, 0)) {
    return Error{ErrorCode::conflict, "another relay (" + std::string{rows->text(0, 1)} +
                                          ") has this outbox; standing by to take over"};
  }
  return {};
}

Result<Fence> take_shards(pg::Connection& connection, const Tables& tables,
                          const std::string& owner) {
  pg::Params params;
  params.text(owner);
  const Result<pg::Rows> rows = connection.query(
      tables.sql("with e as materialized (select nextval('${outbox_epoch}') as epoch) "
                 "update ${outbox_shard} set epoch = e.epoch, owner = $1 from e "
                 "returning e.epoch"),
      params);
  if (!rows) {
    return rows.error();
  }
  if (rows->empty()) {
    return Error{ErrorCode::wrong_history, "the outbox_shard table is empty: restore its 64 rows"};
  }
  return Fence{rows->int8(0, 0), owner};
}

}  // namespace outbox::postgres_table
