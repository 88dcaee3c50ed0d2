#include "outboxctl/source_reset.hpp"

#include <chrono>
#include <map>
#include <thread>
#include <utility>

namespace outbox::ctl {
namespace {

// Relays renew twice a second.
constexpr std::chrono::seconds kWatch{3};
constexpr std::chrono::milliseconds kLook{250};

constexpr const char* kState = R"(
  select pg_is_in_recovery(),
         coalesce((select bool_and(o.xmin::text::bigint = (o.xid::text::numeric % 4294967296)::bigint)
                     from ${outbox_origin} o), false)
         and (select count(*) = 64 and bool_and(pg_snapshot_xmax(coalesce(to_snapshot, from_snapshot))
                                                <= pg_snapshot_xmax(pg_current_snapshot()))
                from ${outbox_position}))";

// Before the first query, which takes the transaction's snapshot. Also keeps other operators out.
constexpr const char* kKeepRelaysOut = R"(
  lock table ${outbox_relay}, ${outbox_shard}, ${outbox_control}, ${outbox_origin},
             ${outbox_exception}, ${outbox_receipt_run}, ${outbox_progress_0}, ${outbox_progress_1},
             ${outbox_intent}
   in exclusive mode)";

// Parameter: S. "3" is the first id that PostgreSQL ever gives to a transaction.
constexpr const char* kJudge = R"(
  with rows as (
         select o.seq, pg_visible_in_snapshot(o.xid, $1::pg_snapshot) as visible,
                r.seq is not null or e.seq is not null or h.seq is not null
                or (o.xid >= pg_snapshot_xmax($1::pg_snapshot)
                    and coalesce(pg_visible_in_snapshot(o.xid, p.from_snapshot)
                                 or (o.seq <= p.last_seq
                                     and pg_visible_in_snapshot(o.xid, p.to_snapshot)), false))
                  as settled
           from ${outbox} o
           left join (select distinct seq from ${outbox_receipt}) r on r.seq = o.seq
           left join ${outbox_exception} e on e.seq = o.seq and e.state <> 'held'
           left join ${outbox_exception} h on h.state = 'held' and h.key = o.aggregateid
                                              and o.seq between h.seq and h.until_seq
           left join ${outbox_position} p on p.shard = o.shard),
       changed as (
         update ${outbox} o
            set xid = case when rows.settled then '3'::xid8 else pg_current_xact_id() end
           from rows
          where rows.seq = o.seq and not (rows.settled and rows.visible)
         returning rows.settled)
  select count(*) filter (where not settled), count(*) filter (where settled),
         (select count(*) from ${outbox_exception})
    from changed)";

// The epoch fences relays that have slept through it all.
constexpr const char* kStartAnew[] = {
    "delete from ${outbox_progress_0}",
    "delete from ${outbox_progress_1}",
    "delete from ${outbox_relay}",
    "delete from ${outbox_intent}",
    "insert into ${outbox_shard} (shard) select generate_series(0, 63) on conflict do nothing",
    R"(with e as materialized (select nextval('${outbox_epoch}') as epoch)
       update ${outbox_shard}
          set owner = '', epoch = e.epoch, reason = 'reset', released = false from e)",
    "delete from ${outbox_origin}",
    "insert into ${outbox_origin} default values",
    "insert into ${outbox_control} default values on conflict do nothing",
    "update ${outbox_control} set revision = revision + 1",
};

}  // namespace

Result<void> SourceReset::check() {
  if (auto needed = refuse_needless(); !needed) return needed;
  return refuse_living_relays();
}

Result<void> SourceReset::refuse_needless() {
  const auto rows = outbox_->query(kState);
  if (!rows) return rows.error();
  if (rows->boolean(0, 0)) {
    return Error{ErrorCode::conflict, "the database is a standby: connect to the primary"};
  }
  if (rows->boolean(0, 1)) {
    return Error{ErrorCode::conflict,
                 "the position of " + outbox_->table() +
                     " belongs to this database's history: there is nothing to reset"};
  }
  return {};
}

Result<void> SourceReset::refuse_living_relays() {
  std::map<std::string, std::int64_t> renewals;
  for (int look = 0; look <= kWatch / kLook; ++look) {
    const auto rows = outbox_->query("select owner, renewals from ${outbox_relay}");
    if (!rows) return rows.error();
    if (rows->empty()) return {};
    for (int row = 0; row < rows->size(); ++row) {
      const std::string owner{rows->text(row, 0)};
      const auto known = renewals.find(owner);
      if (look > 0 && (known == renewals.end() || known->second != rows->int8(row, 1))) {
        return Error{ErrorCode::conflict, "the relay " + owner + " is alive: stop all relays of " +
                                              outbox_->table() +
                                              " first, and start them afterwards"};
      }
      renewals[owner] = rows->int8(row, 1);
    }
    std::this_thread::sleep_for(kLook);
  }
  return {};
}

Result<void> SourceReset::begin_other_history() {
  if (auto none = refuse_living_relays(); !none) return none;
  auto tx = pg::Tx::begin(outbox_->connection());
  if (!tx) return std::move(tx).error();
  for (const char* sql :
       {"lock table ${outbox_relay}, ${outbox_shard}, ${outbox_intent} in exclusive mode",
        "delete from ${outbox_intent}", "delete from ${outbox_origin}",
        "insert into ${outbox_origin} default values"}) {
    if (auto done = outbox_->query(sql); !done) return std::move(done).error();
  }
  pg::Params audit;
  audit.text(outbox_->actor());
  auto audited = outbox_->query(
      "insert into ${outbox_audit} (actor, action) values ($1::text, 'source-other-history')",
      audit);
  if (!audited) return std::move(audited).error();
  return tx->commit();
}

Result<ResetReport> SourceReset::run() {
  if (auto lifted = outbox_->lift_statement_timeout(); !lifted) return std::move(lifted).error();
  auto tx = pg::Tx::begin(outbox_->connection(), "BEGIN ISOLATION LEVEL REPEATABLE READ");
  if (!tx) return std::move(tx).error();
  if (auto locked = outbox_->query(kKeepRelaysOut); !locked) return std::move(locked).error();
  auto report = judge_rows();
  if (!report) return report;
  if (auto started = start_anew(*report); !started) return std::move(started).error();
  if (auto committed = tx->commit(); !committed) return std::move(committed).error();
  return report;
}

Result<ResetReport> SourceReset::judge_rows() {
  const auto snapshot = outbox_->query("select pg_current_snapshot()::text");
  if (!snapshot) return snapshot.error();
  ResetReport report;
  report.position = snapshot->text(0, 0);
  pg::Params params;
  params.text(report.position);
  const auto rows = outbox_->query(kJudge, params);
  if (!rows) return rows.error();
  report.pending = rows->int8(0, 0);
  report.rewritten = rows->int8(0, 1);
  report.exceptions = rows->int8(0, 2);
  return report;
}

Result<void> SourceReset::start_anew(const ResetReport& report) {
  for (const char* sql : kStartAnew) {
    if (auto done = outbox_->query(sql); !done) return std::move(done).error();
  }
  pg::Params position;
  position.text(report.position);
  auto stored = outbox_->query(
      "insert into ${outbox_progress_0} (epoch, n, shards, from_snapshot) "
      "select max(epoch), 0, -1, $1::pg_snapshot from ${outbox_shard}",
      position);
  if (!stored) return std::move(stored).error();
  pg::Params audit;
  audit.text(outbox_->actor()).text(report.position).int8(report.pending).int8(report.rewritten);
  auto audited = outbox_->query(
      "insert into ${outbox_audit} (actor, action, details) values ($1::text, 'source-reset', "
      "jsonb_build_object('position', $2::text, 'pending', $3::bigint, 'rewritten', $4::bigint))",
      audit);
  return audited ? Result<void>{} : Result<void>{std::move(audited).error()};
}

}  // namespace outbox::ctl
