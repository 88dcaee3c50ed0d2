#include "admin/message_summary.hpp"

#include "admin/postgres_outbox.hpp"

namespace outbox::admin {

std::string position_cte() {
  return "position as materialized (select shard, from_snapshot as f, to_snapshot as t, last_seq "
         "from ${outbox_position})";
}

// Each by an index: LIMIT keeps the planner from reading a whole table that it believes small. The
// receipt comes from its run: the view ${outbox_receipt} would unfold the run's up to a thousand.
std::string status_joins() {
  return R"(
    left join position p on p.shard = m.shard
    left join lateral (
      select e.state, e.replay, e.attempts, e.due_at, e.last_error, e.failed_at, e.holds_key
        from ${outbox_exception} e where e.seq = m.seq and e.state <> 'held' limit 1) e on true
    left join lateral (
      select true as yes from ${outbox_exception} h
       where h.state = 'held' and h.key = m.aggregateid and m.seq between h.seq and h.until_seq
       limit 1) h on true
    left join lateral (
      select b.processed_at, b.topic, b."partition",
             b.first_offset
               + b.offsets[array_position(b.seqs, (m.seq - b.first_seq)::smallint)] as "offset"
        from ${outbox_receipt_run} b
       where b.first_seq > m.seq - 1000 and b.first_seq <= m.seq and b.last_seq >= m.seq
         and (m.seq - b.first_seq) = any (b.seqs)
       order by b.processed_at limit 1) r on true)";
}

std::string status_expression() {
  return "case when e.state is not null and not e.replay then e.state "
         "when r.processed_at is not null then 'processed' "
         "when h.yes then 'held' "
         "when pg_visible_in_snapshot(m.xid, p.f) or (p.t is not null and m.seq <= p.last_seq "
         "and pg_visible_in_snapshot(m.xid, p.t)) then 'processed' "
         "else 'pending' end";
}

std::string summary_document(const PayloadSql& payload) {
  return "json_build_object('seq', m.seq::text, 'id', m.id, 'status', " + status_expression() +
         ", 'aggregateType', m.aggregatetype, 'aggregateId', m.aggregateid, 'type', m.type, "
         "'shard', m.shard, 'createdAt', " +
         utc_micros("m.created_at") + ", 'attempts', coalesce(e.attempts, 0), 'dueAt', " +
         utc_micros("e.due_at") +
         ", 'lastError', e.last_error, 'topic', r.topic, 'partition', r.\"partition\", "
         "'offset', r.\"offset\"::text, 'processedAt', " +
         utc_micros("r.processed_at") + ", 'payloadBytes', (select " + payload.size("o.payload") +
         " from ${outbox_row} o where o.seq = m.seq limit 1))";
}

}  // namespace outbox::admin
