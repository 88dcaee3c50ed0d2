#include "sources/postgres_table/status_reader.hpp"

namespace outbox::postgres_table {
namespace {

// What is not passed by the position: the rest of an open range, what came after it, and the late
// ones of both snapshots. Each part is a bounded walk along an index.
constexpr const char* kPending = R"(
  with position as materialized (
         select (array_agg(from_snapshot))[1] as f, (array_agg(to_snapshot))[1] as t, last_seq,
                bit_or(1::bigint << shard::integer) as shards
           from ${outbox_position} group by from_snapshot::text, to_snapshot::text, last_seq),
       pending as materialized (
         (select o.seq, o.created_at from position p cross join lateral (
            select seq, created_at from ${outbox}
             where p.t is not null and seq > p.last_seq and xid >= pg_snapshot_xmax(p.f)
               and pg_visible_in_snapshot(xid, p.t) and (p.shards >> shard::integer) & 1 = 1
             order by seq limit $1::bigint) o)
         union all
         (select o.seq, o.created_at from position p cross join lateral (
            select seq, created_at from ${outbox}
             where xid >= pg_snapshot_xmax(coalesce(p.t, p.f))
               and (p.shards >> shard::integer) & 1 = 1
             order by xid, seq limit $1::bigint) o)
         union all
         (select o.seq, o.created_at from position p
           cross join lateral (select x from pg_snapshot_xip(p.f) x
                                union select x from pg_snapshot_xip(p.t) x) r
           cross join lateral (
            select seq, created_at from ${outbox}
             where xid = r.x and (p.shards >> shard::integer) & 1 = 1
               and (p.t is null or seq > p.last_seq
                                  or not pg_visible_in_snapshot(r.x, p.t))
             order by seq limit $1::bigint) o))
  select count(*), min(seq),
         greatest(0, extract(epoch from clock_timestamp() - min(created_at)) * 1000)::bigint,
         pg_sequence_last_value(pg_get_serial_sequence('${outbox}', 'seq'))
    from pending)";

// Each by an index that has nothing of what is delayed.
constexpr const char* kExceptions = R"(
  select (select count(*) from (select 1 from ${outbox_exception}
                                 where holds_key and state = 'retrying' limit $1::bigint) e),
         (select count(*) from (select 1 from ${outbox_exception}
                                 where holds_key and state = 'held' limit $1::bigint) e),
         (select count(*) from (select 1 from ${outbox_exception}
                                 where state = 'dead' limit $1::bigint) e))";

constexpr const char* kOwners = R"(
  select string_agg(owner, ', ' order by owner), max(epoch), coalesce(sum(shards), 0)::bigint,
         (select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), s.confirmed_flush_lsn)::bigint
            from ${outbox_control} c join pg_replication_slots s on s.slot_name = c.slot
           where not pg_is_in_recovery()),
         (select case s.setting when '-1' then -1 else s.setting::bigint * 1048576 end
            from ${outbox_control} c, pg_settings s
           where c.mode = 'wal' and s.name = 'max_slot_wal_keep_size')
    from (select owner, max(epoch) as epoch, count(*) as shards
            from ${outbox_shard} where owner <> '' group by owner) o)";

}  // namespace

Result<SourceStatus> StatusReader::read() {
  const std::lock_guard lock{mutex_};
  if (last_ && Clock::now() - looked_at_ < cache_for_) {
    return *last_;
  }
  if (!connection_ || !connection_->alive()) {
    if (Result<void> connected = connect(); !connected) {
      connection_.reset();
      last_ = Result<SourceStatus>{connected.error()};
    }
  }
  if (connection_) {
    last_ = query();
  }
  looked_at_ = Clock::now();
  return *last_;
}

Result<void> StatusReader::connect() {
  pg::ConnectOptions options;
  options.application_name = "outbox-processor status";
  options.connect_timeout = std::chrono::seconds{2};
  options.statement_timeout = std::chrono::seconds{2};
  Result<pg::Connection> connection = pg::Connection::connect(url_, options);
  if (!connection) {
    return std::move(connection).error();
  }
  connection_.emplace(*std::move(connection));
  Result<Tables> tables = Tables::find(*connection_, table_);
  if (!tables) {
    return std::move(tables).error();
  }
  tables_ = *std::move(tables);
  const Result<pg::Rows> set =
      connection_->exec("set enable_seqscan = off; set enable_bitmapscan = off; set jit = off");
  return set ? Result<void>{} : Result<void>{set.error()};
}

Result<SourceStatus> StatusReader::query() {
  pg::Params params;
  params.int8(SourceStatus::kCountLimit + 1);
  const Result<pg::Rows> pending = connection_->query(tables_->sql(kPending), params);
  if (!pending) {
    return pending.error();
  }
  const Result<pg::Rows> exceptions = connection_->query(tables_->sql(kExceptions), params);
  if (!exceptions) {
    return exceptions.error();
  }
  const Result<pg::Rows> owner = connection_->query(tables_->sql(kOwners));
  if (!owner) {
    return owner.error();
  }
  SourceStatus status;
  status.pending = pending->int8(0, 0);
  status.oldest_pending_age_ms = pending->int8(0, 2);
  status.last_seq = pending->int8(0, 3);
  if (status.pending > SourceStatus::kCountLimit) {
    status.pending_is_estimate = true;
    status.pending = std::max(status.pending, pending->int8(0, 3) - pending->int8(0, 1) + 1);
  }
  status.retrying = exceptions->int8(0, 0);
  status.held_keys = exceptions->int8(0, 1);
  status.dead = exceptions->int8(0, 2);
  status.owner = owner->text(0, 0);
  status.epoch = owner->int8(0, 1);
  status.shards = owner->int8(0, 2);
  status.lag_bytes = owner->is_null(0, 3) ? 0 : owner->int8(0, 3);
  if (!owner->is_null(0, 4)) {
    status.most_kept_bytes = owner->int8(0, 4);
  }
  return status;
}

}  // namespace outbox::postgres_table
