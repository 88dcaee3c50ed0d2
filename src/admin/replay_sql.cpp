#include "admin/replay_sql.hpp"

#include "admin/message_summary.hpp"

namespace outbox::admin {
namespace {

// Parameters: look, after, last, since, until, key, type, id.
constexpr const char* kBySeq =
    " where seq > $2::bigint and seq <= $3::bigint order by seq limit $1::bigint";
// The comparison of rows leaves the planner no index but the one that has both columns.
constexpr const char* kByKey =
    " where (aggregateid, seq) > ($6::text, $2::bigint)"
    "   and (aggregateid, seq) <= ($6::text, $3::bigint)"
    "   and seq > $2::bigint and seq <= $3::bigint"
    " order by aggregateid, seq limit $1::bigint";
// Few have the same id. Their seqs are compared outside, where no plan can walk along them.
constexpr const char* kById = " where id = nullif($8::text, '')::uuid";

std::string rows_of(const ReplayFilter& filter) {
  const std::string which = !filter.id.empty() ? kById : !filter.key.empty() ? kByKey : kBySeq;
  const std::string columns = "seq, id, xid, shard, aggregateid, type, created_at from ${outbox}";
  const std::string kept =
      "seq, id, '3'::xid8 as xid, shard, aggregateid, type, created_at from ${outbox_kept}";
  return "((select " + columns + which + ") union all (select " + kept + which + ") offset 0)";
}

// The status "processed" of the view ${outbox_message}, without the receipts of the many that a
// position covers. Scalar, so that no plan reads a whole table first.
constexpr const char* kProcessed = R"(
  case when (select true from ${outbox_exception} e
              where e.seq = m.seq and e.state <> 'held' and not (e.replay and e.state = 'discarded')
              limit 1)
         then false
       when (pg_visible_in_snapshot(m.xid, p.f)
             or (p.t is not null and m.seq <= p.last_seq and pg_visible_in_snapshot(m.xid, p.t)))
            and (select true from ${outbox_exception} h
                  where h.state = 'held' and h.key = m.aggregateid
                    and m.seq between h.seq and h.until_seq limit 1) is null
         then true
       else coalesce((select true from ${outbox_receipt_run} b
                       where b.first_seq > m.seq - 1000 and b.first_seq <= m.seq
                         and b.last_seq >= m.seq and (m.seq - b.first_seq) = any (b.seqs)
                       limit 1), false) end)";

}  // namespace

Statement replay_statement(const ReplayFilter& filter, const ReplayStep& step) {
  Statement statement;
  statement.sql = "with candidate as materialized (select * from " + rows_of(filter) + R"( m
         where m.seq > $2::bigint and m.seq <= $3::bigint order by m.seq limit $1::bigint), )" +
                  position_cte() + R"(,
       chosen as materialized (
         select m.seq from candidate m join position p on p.shard = m.shard
          where ($4::text = '' or m.created_at >= nullif($4::text, '')::timestamptz)
            and ($5::text = '' or m.created_at < nullif($5::text, '')::timestamptz)
            and ($6::text = '' or m.aggregateid = $6::text)
            and ($7::text = '' or m.type = $7::text)
            and ($8::text = '' or m.id = nullif($8::text, '')::uuid)
            and )" +
                  kProcessed +
                  R"()
  select c.looked, c.last, chosen.seq
    from (select count(*) as looked, max(seq) as last from candidate) c
    left join chosen on true order by chosen.seq)";
  pg::Params& params = statement.params;
  params.int8(step.look).int8(step.after).int8(step.last).text(filter.since).text(filter.until);
  params.text(filter.key).text(filter.type).text(filter.id);
  return statement;
}

}  // namespace outbox::admin
