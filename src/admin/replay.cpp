#include "admin/replay.hpp"

#include <utility>

#include "outbox/uuid.hpp"
#include "support/pg/connection.hpp"

namespace outbox::admin {
namespace {

// Messages that one statement looks at: a tenth of a second when they are in memory.
constexpr std::int64_t kLook = 4'000;

Error too_many(std::size_t most) {
  return {ErrorCode::invalid_argument,
          "these are more than " + std::to_string(most) + " messages: choose fewer at once"};
}

// Of the exceptions that there are, only a replay that was discarded begins anew. Parameters: seqs,
// due times, topic, actor.
constexpr const char* kStart = R"(
  with started as (
         insert into ${outbox_exception} as e (seq, shard, key, state, due_at, replay, topic)
         select m.seq, m.shard, m.aggregateid, 'delayed', g.due_at, true, nullif($3::text, '')
           from unnest($1::bigint[], $2::timestamptz[]) as g (seq, due_at)
           join ${outbox_message} m on m.seq = g.seq
          where m.seq = any ($1::bigint[]) and m.status = 'processed'
          order by m.seq
             on conflict (seq) where state <> 'held' do update
            set state = excluded.state, due_at = excluded.due_at, topic = excluded.topic,
                attempts = 0, last_error = null, payload = null,
                failed_at = clock_timestamp(), updated_at = clock_timestamp()
          where e.state = 'discarded' and e.replay
         returning seq, key, due_at, topic),
       audited as (
         insert into ${outbox_audit} (actor, action, seq, key, details)
         select $4::text, 'replay', seq, key,
                jsonb_build_object('due_at', due_at, 'topic', topic)
           from started order by seq)
  select count(*) from started)";

}  // namespace

Result<std::vector<std::int64_t>> Replay::select(const ReplayFilter& filter, std::size_t most,
                                                 const GoOn& go_on) {
  if (!filter.id.empty() && !Uuid::parse(filter.id)) {
    return Error{ErrorCode::invalid_argument, "--id takes a message's id, a UUID"};
  }
  ReplayFilter fixed = filter;
  auto since = outbox_->moment(filter.since, "--since");
  if (!since) return std::move(since).error();
  fixed.since = *std::move(since);
  auto until = outbox_->moment(filter.until, "--until");
  if (!until) return std::move(until).error();
  fixed.until = *std::move(until);
  const auto range = seq_range(fixed);
  if (!range) return range.error();
  ReplayStep step{range->low - 1, range->high, kLook};
  std::vector<std::int64_t> seqs;
  while (true) {
    const auto looked = look(fixed, step, seqs);
    if (!looked) return looked.error();
    if (seqs.size() > most) return too_many(most);
    if (*looked < kLook || (go_on && !go_on(seqs.size(), 0))) return seqs;
  }
}

Result<SeqRange> Replay::seq_range(const ReplayFilter& filter) {
  SeqRange range;
  // Those of an id or a key are few, whenever they were written.
  if (!filter.id.empty() || !filter.key.empty()) return range;
  auto tx = pg::Tx::begin(outbox_->connection(), kSearchBegin);
  if (!tx) return std::move(tx).error();
  if (!filter.since.empty()) {
    const auto first = first_seq(*outbox_, filter.since, Margin::earlier);
    if (!first) return first.error();
    range.low = *first;
  }
  if (!filter.until.empty()) {
    const auto last = first_seq(*outbox_, filter.until, Margin::later);
    if (!last) return last.error();
    range.high = *last;
  }
  return range;
}

// A transaction for each step: retention must not wait for all of them.
Result<std::int64_t> Replay::look(const ReplayFilter& filter, ReplayStep& step,
                                  std::vector<std::int64_t>& seqs) {
  auto tx = pg::Tx::begin(outbox_->connection(), kSearchBegin);
  if (!tx) return std::move(tx).error();
  const Statement statement = replay_statement(filter, step);
  const auto rows = outbox_->query(statement.sql, statement.params);
  if (!rows) return rows.error();
  for (int row = 0; row < rows->size(); ++row) {
    if (!rows->is_null(row, 2)) seqs.push_back(rows->int8(row, 2));
  }
  if (!rows->is_null(0, 1)) step.after = rows->int8(0, 1);
  return rows->int8(0, 0);
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
