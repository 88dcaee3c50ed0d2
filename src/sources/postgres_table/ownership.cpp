#include "sources/postgres_table/ownership.hpp"

#include <bit>
#include <utility>

#include "mutants/mutant.hpp"
#include "outbox/shard.hpp"
#include "sources/postgres_table/position_arrays.hpp"

namespace outbox::postgres_table {
namespace {

constexpr const char* kHistory = R"(
  select pg_is_in_recovery(),
         (select bool_and(o.xmin::text::bigint = (o.xid::text::numeric % 4294967296)::bigint)
            from ${outbox_origin} o),
         (select bool_and(pg_snapshot_xmax(coalesce(p.to_snapshot, p.from_snapshot)) <=
                          pg_snapshot_xmax(pg_current_snapshot()))
            from ${outbox_position} p))";

// Parameter: the shards, as a set.
constexpr const char* kPositions = R"(
  select bit_or(1::bigint << shard::integer), from_snapshot::text, to_snapshot::text, last_seq,
         lsn::text
    from ${outbox_position}
   where ($1::bigint >> shard::integer) & 1 = 1
   group by from_snapshot::text, to_snapshot::text, last_seq, lsn
   order by pg_snapshot_xmax(min(from_snapshot::text)::pg_snapshot))";

// Parameters: owner, quota. Rows that another relay is taking just now are passed over, and what
// operators want this one not to have: what they want it to have comes first.
constexpr const char* kTake = R"(
  with e as materialized (select nextval('${outbox_epoch}') as epoch),
       mine as materialized (
         select shard from ${outbox_shard} s
          where owner in ($1::text, '') and not paused and not (released and owner <> '')
            and (preferred in ('', $1::text)
                 or not exists (select from ${outbox_relay} m where m.owner = s.preferred))
          order by preferred <> $1::text, owner = '', shard
          limit $2::integer for update skip locked),
       taken as (
         update ${outbox_shard} s
            set owner = $1::text, epoch = e.epoch, released = false,
                preferred = case when s.preferred = $1::text then $1::text else '' end,
                reason = case when s.owner = $1::text then s.reason
                              when s.preferred = $1::text then 'moved' else 'taken' end
           from e, mine where s.shard = mine.shard returning s.shard)
  select e.epoch, (select bit_or(1::bigint << shard::integer) from taken) from e)";

// Parameters: owner, the shards that it keeps.
constexpr const char* kGiveBack = R"(
  update ${outbox_shard} s
     set owner = '', released = false,
         reason = case when paused then 'paused' when released then 'released'
                       when exists (select from ${outbox_relay} m
                                     where m.owner = s.preferred and m.owner <> $1::text)
                       then 'moved' else 'balance' end
   where owner = $1::text and ($2::bigint >> shard::integer) & 1 = 0)";

constexpr const char* kLockFirst = "select from ${outbox_shard} where shard = 0 for update";

// Parameter: owner.
constexpr const char* kFree = R"(
  update ${outbox_shard} set owner = '', released = false, reason = 'balance'
   where owner = $1::text)";

// What a mutant replaces by the same epoch for ever.
constexpr const char* kNextEpoch = "select nextval('${outbox_epoch}') as epoch";

std::string take_sql() {
  std::string sql{kTake};
  if (mutant::on(mutant::Mutant::epoch_not_raised)) {
    const std::string_view next{kNextEpoch};
    sql.replace(sql.find(next), next.size(), "select 1::bigint as epoch");
  }
  return sql;
}

Result<Position> to_position(const pg::Rows& rows, int row) {
  Position position;
  Result<Snapshot> from = Snapshot::parse(rows.text(row, 1));
  if (!from) {
    return std::move(from).error();
  }
  position.from = *std::move(from);
  if (!rows.is_null(row, 2)) {
    Result<Snapshot> to = Snapshot::parse(rows.text(row, 2));
    if (!to) {
      return std::move(to).error();
    }
    position.to = *std::move(to);
  }
  position.last_seq = rows.int8(row, 3);
  if (!rows.is_null(row, 4)) {
    const Result<postgres_wal::Lsn> lsn = postgres_wal::to_lsn(rows.text(row, 4));
    if (!lsn) {
      return lsn.error();
    }
    position.lsn = *lsn;
  }
  return position;
}

}  // namespace

Result<void> check_history(pg::Connection& connection, const Tables& tables) {
  const Result<pg::Rows> rows = connection.query(tables.sql(kHistory));
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
        "could be lost unseen; 'outboxctl source reset' makes it readable again and sends whatever "
        "is not known to be settled, see 'Restoring a database' in docs/operations.md"};
  }
  return {};
}

Result<std::vector<SharedPosition>> load_positions(pg::Connection& connection, const Tables& tables,
                                                   std::uint64_t shards) {
  pg::Params params;
  params.int8(as_bits(shards));
  const Result<pg::Rows> rows = connection.query(tables.sql(kPositions), params);
  if (!rows) {
    return rows.error();
  }
  std::vector<SharedPosition> positions;
  std::uint64_t found = 0;
  for (int row = 0; row < rows->size(); ++row) {
    Result<Position> position = to_position(*rows, row);
    if (!position) {
      return std::move(position).error();
    }
    positions.push_back({std::bit_cast<std::uint64_t>(rows->int8(row, 0)), *std::move(position)});
    found |= positions.back().shards;
  }
  if (found != shards) {
    return Error{ErrorCode::wrong_history,
                 "the outbox_progress tables have no position for " +
                     std::to_string(std::popcount(shards & ~found)) +
                     " shards: restore them, run the relay's version that wrote them, or, when "
                     "they are lost, 'outboxctl source reset'"};
  }
  return positions;
}

Result<Fence> take_shards(pg::Connection& connection, const Tables& tables,
                          const std::string& owner, int quota) {
  pg::Params params;
  params.text(owner).int4(quota);
  const Result<pg::Rows> taken = connection.query(tables.sql(take_sql()), params);
  if (!taken) {
    return taken.error();
  }
  const Fence fence{taken->int8(0, 0), owner, std::bit_cast<std::uint64_t>(taken->int8(0, 1))};
  params.clear();
  params.text(owner).int8(as_bits(fence.shards));
  const Result<pg::Rows> given_back = connection.query(tables.sql(kGiveBack), params);
  if (!given_back) {
    return given_back.error();
  }
  if (fence.shards == 0) {
    return Error{ErrorCode::conflict, "other relays have all shards; standing by"};
  }
  return fence;
}

Result<Fence> take_all_shards(pg::Connection& connection, const Tables& tables,
                              const std::string& owner) {
  // One after the other: of two that take at once each could get a part.
  Result<pg::Tx> tx = pg::Tx::begin(connection);
  if (!tx) {
    return std::move(tx).error();
  }
  if (const Result<pg::Rows> locked = connection.query(tables.sql(kLockFirst)); !locked) {
    return locked.error();
  }
  Result<Fence> fence = take_shards(connection, tables, owner, kShardCount);
  if (!fence && fence.error().code != ErrorCode::conflict) {
    return fence;
  }
  const bool all = fence && fence->shards == kAllShards;
  if (fence && !all) {
    pg::Params params;
    params.text(owner);
    if (const Result<pg::Rows> freed = connection.query(tables.sql(kFree), params); !freed) {
      return freed.error();
    }
  }
  if (Result<void> committed = tx->commit(); !committed) {
    return std::move(committed).error();
  }
  return all ? std::move(fence)
             : Result<Fence>{Error{ErrorCode::conflict,
                                   "another relay reads the write-ahead log; standing by"}};
}

}  // namespace outbox::postgres_table
