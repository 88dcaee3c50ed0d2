#include "admin/trace.hpp"

#include <utility>

#include "admin/message_names.hpp"
#include "admin/payload_sql.hpp"

namespace outbox::admin {
namespace {

// A parameter for each kind of name; of the lists that can grow, the newest.
constexpr const char* kFrom = R"(
    from (select seq from unnest($1::bigint[]) s (seq)
           where exists (select from ${outbox_row} t where t.seq = s.seq)
              or exists (select from ${outbox_exception} t where t.seq = s.seq and t.state <> 'held')
              or exists (select from ${outbox_receipt} t
                          where t.seq = s.seq and t.first_seq > s.seq - 1000
                            and t.first_seq <= s.seq and t.last_seq >= s.seq)
              or exists (select from ${outbox_attempt} t where t.seq = s.seq)
              or exists (select from ${outbox_audit} t where t.seq = s.seq)
          union
          (select seq from ${outbox_row} where id = any ($2::uuid[]) order by seq limit $3::bigint)) n
    left join ${outbox_row} o on o.seq = n.seq
    left join ${outbox_message} m on m.seq = n.seq
    left join ${outbox_position} p on p.shard = o.shard
    left join ${outbox_exception} e on e.seq = n.seq and e.state <> 'held'
    left join ${outbox_exception} w on w.key = o.aggregateid and w.state in ('retrying', 'dead')
                                       and w.holds_key and m.status = 'held'
   order by n.seq)";

std::string written(const PayloadSql& payload) {
  return "'seq', n.seq, 'id', o.id, 'status', m.status, 'aggregate_type', o.aggregatetype, "
         "'key', coalesce(o.aggregateid, e.key), 'type', o.type, 'created_at', " +
         utc_micros("o.created_at") + ", 'available_at', " + utc_micros("o.available_at") +
         ", 'transaction', o.xid::text::bigint, 'shard', o.shard, 'headers', o.headers, "
         "'payload_bytes', " +
         payload.size("o.payload");
}

std::string position() {
  return "'passed', pg_visible_in_snapshot(o.xid, p.from_snapshot) or (p.to_snapshot is not null "
         "and o.seq <= p.last_seq and pg_visible_in_snapshot(o.xid, p.to_snapshot)), "
         "'position', case when p.shard is not null then json_build_object("
         "'from_snapshot', p.from_snapshot::text, 'to_snapshot', p.to_snapshot::text, "
         "'last_seq', p.last_seq, 'written_at', " +
         utc_micros("p.written_at") + ") end";
}

std::string exception() {
  return "'exception', case when e.seq is not null then json_build_object('state', e.state, "
         "'holds_key', e.holds_key, 'replay', e.replay, 'topic', e.topic, "
         "'edited', e.payload is not null, 'attempts', e.attempts, 'due_at', " +
         utc_micros("e.due_at") + ", 'failed_at', " + utc_micros("e.failed_at") +
         ", 'updated_at', " + utc_micros("e.updated_at") +
         ", 'last_error', e.last_error) end, 'waits_behind', case when w.seq is not null then "
         "json_build_object('seq', w.seq, 'state', w.state) end";
}

std::string list(const std::string& name, const std::string& document, const std::string& rows) {
  return "'" + name + "', coalesce((select json_agg(json_build_object(" + document +
         ") order by l.at) from (" + rows + " limit 100) l), '[]')";
}

std::string events() {
  return list("failures",
              "'attempt', l.attempt, 'failed_at', " + utc_micros("l.at") +
                  ", 'relay', l.relay, 'error', l.error",
              "select attempt, failed_at as at, relay, error from ${outbox_attempt} a "
              "where a.seq = n.seq order by failed_at desc") +
         ", " +
         list(
             "receipts",
             "'processed_at', " + utc_micros("l.at") +
                 ", 'topic', l.topic, 'partition', l.\"partition\", 'offset', l.\"offset\"",
             "select processed_at as at, topic, \"partition\", \"offset\" from ${outbox_receipt} r "
             "where r.seq = n.seq and r.first_seq > n.seq - 1000 and r.first_seq <= n.seq "
             "and r.last_seq >= n.seq order by processed_at desc") +
         ", " +
         list("audit",
              "'id', l.id, 'at', " + utc_micros("l.at") +
                  ", 'actor', l.actor, 'action', l.action, 'details', l.details",
              // Payloads are for export alone.
              "select id, at, actor, action, details - 'before' - 'after' as details "
              "from ${outbox_audit} d where d.seq = n.seq order by id desc");
}

}  // namespace

Result<std::vector<Json>> trace(PostgresOutbox& outbox, const std::string& name) {
  const auto names = parse_names({name});
  if (!names) return names.error();
  auto type = outbox.payload_type();
  if (!type) return std::move(type).error();
  pg::Array seqs{pg::Type::int8};
  for (const std::int64_t seq : names->seqs)
    seqs.int8(seq);
  pg::Array ids{pg::Type::uuid};
  for (const Uuid& id : names->ids)
    ids.uuid(id);
  pg::Params params;
  params.array(seqs).array(ids).int8(kMostTraced);
  auto messages =
      outbox.documents("select json_build_object(" + written(PayloadSql{*std::move(type)}) + ", " +
                           position() + ", " + exception() + ", " + events() + ")" + kFrom,
                       params);
  if (!messages || !messages->empty()) return messages;
  return Error{ErrorCode::not_found,
               "there is no message " + name +
                   "; retention may have removed it, and then its id is known no more"};
}

}  // namespace outbox::admin
