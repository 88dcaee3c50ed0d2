#include "admin/replay.hpp"

#include <algorithm>
#include <utility>

#include "outbox/uuid.hpp"

namespace outbox::admin {
namespace {

constexpr std::size_t kSelectPage = 10'000;

// Parameters: since, until. By the index on created_at: "+ 0" keeps the planner from walking along
// the primary key instead.
constexpr const char* kSeqRange = R"(
  select coalesce(min(o.seq + 0), 0), coalesce(max(o.seq + 0), -1) from ${outbox} o
   where o.created_at >= coalesce(nullif($1::text, '')::timestamptz, '-infinity')
     and o.created_at < coalesce(nullif($2::text, '')::timestamptz, 'infinity'))";

// Parameters: limit, after, last, since, until, key, type, id.
constexpr const char* kSelect = R"(
  select m.seq from ${outbox_message} m
   where m.seq > $2::bigint and m.seq <= $3::bigint and m.status = 'processed'
     and ($4::text = '' or m.created_at >= nullif($4::text, '')::timestamptz)
     and ($5::text = '' or m.created_at < nullif($5::text, '')::timestamptz)
     and ($6::text = '' or m.aggregateid = $6::text) and ($7::text = '' or m.type = $7::text)
     and ($8::text = '' or m.id = nullif($8::text, '')::uuid)
     and not exists (select from ${outbox_exception} e where e.seq = m.seq
                     and e.state <> 'held')
   order by m.seq limit $1::bigint)";

// Parameters: seqs, due times, topic, actor.
constexpr const char* kStart = R"(
  with started as (
         insert into ${outbox_exception} (seq, shard, key, state, due_at, replay, topic)
         select m.seq, m.shard, m.aggregateid, 'delayed', g.due_at, true, nullif($3::text, '')
           from unnest($1::bigint[], $2::timestamptz[]) as g (seq, due_at)
           join ${outbox_message} m on m.seq = g.seq
          where m.seq = any ($1::bigint[]) and m.status = 'processed'
          order by m.seq
             on conflict (seq) where state <> 'held' do nothing
         returning seq, key, due_at, topic),
       audited as (
         insert into ${outbox_audit} (actor, action, seq, key, details)
         select $4::text, 'replay', seq, key,
                jsonb_build_object('due_at', due_at, 'topic', topic)
           from started order by seq)
  select count(*) from started)";

}  // namespace

Result<Replay::SeqRange> Replay::seq_range(const std::string& since, const std::string& until) {
  pg::Params params;
  params.text(since).text(until);
  const auto rows = outbox_->query(kSeqRange, params);
  if (!rows) return rows.error();
  return SeqRange{rows->int8(0, 0), rows->int8(0, 1)};
}

Result<std::vector<std::int64_t>> Replay::select(const ReplayFilter& filter, std::size_t most,
                                                 const GoOn& go_on) {
  if (!filter.id.empty() && !Uuid::parse(filter.id)) {
    return Error{ErrorCode::invalid_argument, "--id takes a message's id, a UUID"};
  }
  const auto since = outbox_->moment(filter.since, "--since");
  if (!since) return since.error();
  const auto until = outbox_->moment(filter.until, "--until");
  if (!until) return until.error();
  const auto range = seq_range(*since, *until);
  if (!range) return range.error();
  return all_pages(
      kSelectPage, most, go_on, [&](std::int64_t after) -> Result<std::vector<std::int64_t>> {
        pg::Params params;
        params.int8(kSelectPage).int8(std::max(after, range->first - 1)).int8(range->last);
        params.text(*since).text(*until).text(filter.key).text(filter.type).text(filter.id);
        const auto rows = outbox_->query(kSelect, params);
        if (!rows) return rows.error();
        std::vector<std::int64_t> seqs;
        for (int row = 0; row < rows->size(); ++row)
          seqs.push_back(rows->int8(row, 0));
        return seqs;
      });
}

Result<std::int64_t> Replay::start(const std::vector<std::int64_t>& seqs, const Schedule& schedule,
                                   const std::string& topic, const GoOn& go_on) {
  return in_chunks(seqs, "replayed", go_on,
                   [&](std::span<const std::int64_t> chunk, std::size_t first) {
                     pg::Array numbers{pg::Type::int8};
                     pg::Array due{pg::Type::timestamptz};
                     for (std::size_t i = 0; i < chunk.size(); ++i) {
                       numbers.int8(chunk[i]);
                       due.unix_us(schedule.due_us(first + i));
                     }
                     pg::Params params;
                     params.array(numbers).array(due).text(topic).text(outbox_->actor());
                     return outbox_->number(kStart, params);
                   });
}

}  // namespace outbox::admin
