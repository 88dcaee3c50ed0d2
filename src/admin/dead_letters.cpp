#include "admin/dead_letters.hpp"

#include <utility>

#include "admin/message_names.hpp"
#include "admin/payload_sql.hpp"

namespace outbox::admin {
namespace {

constexpr std::size_t kSelectPage = 10'000;

// Parameters: limit, after, key, type, error, since, aggregate type.
constexpr const char* kFindDead = R"(
    from ${outbox_exception} e left join ${outbox_row} o on o.seq = e.seq
   where e.state = 'dead')";
constexpr const char* kFindReplays = R"(
    from ${outbox_exception} e left join ${outbox_row} o on o.seq = e.seq
   where e.state = 'delayed' and e.replay)";
constexpr const char* kFilter = R"(
     and e.seq > $2::bigint
     and ($3::text = '' or e.key = $3::text) and ($4::text = '' or o.type = $4::text)
     and ($5::text = '' or strpos(e.last_error, $5::text) > 0)
     and ($6::text = '' or e.updated_at >= nullif($6::text, '')::timestamptz)
     and ($7::text = '' or o.aggregatetype = $7::text)
   order by e.seq limit $1::bigint)";

// Parameters: seqs, ids, states. A message that was named and is not in one of the states, first.
constexpr const char* kResolve = R"(
  with named as (
         select s::text as name, s as seq from unnest($1::bigint[]) s
         union all
         select i::text, o.seq from unnest($2::uuid[]) i left join ${outbox_row} o on o.id = i),
       found as (
         select n.name, n.seq, e.state, coalesce(e.state = any ($3::text[]), false) as fits
           from named n left join ${outbox_exception} e on e.seq = n.seq and e.state <> 'held'),
       names as (
         select name, bool_or(fits) as fits, max(state) as state,
                bool_or(exists (select from ${outbox_row} o where o.seq = f.seq)
                        or state is not null) as known
           from found f group by name)
  select n.name, n.known, coalesce(n.state, ''), null::bigint from names n where not n.fits
  union all
  select distinct null, true, '', f.seq from found f where f.fits
  order by 4 nulls first)";

// Relays know what holds its key, and have to be told; the rest they find by its due time.
// Parameters: seqs, due times, states, actor.
constexpr const char* kRetry = R"(
  with chosen as materialized (
         select e.seq, e.state, e.attempts, e.last_error, g.due_at, e.holds_key
           from ${outbox_exception} e
           join unnest($1::bigint[], $2::timestamptz[]) as g (seq, due_at) on g.seq = e.seq
          where e.seq = any ($1::bigint[]) and e.state <> 'held'
            and e.state = any ($3::text[])
          order by e.seq for update of e),
       changed as (
         update ${outbox_exception} e
            set state = case when e.holds_key then 'retrying' else 'delayed' end,
                due_at = c.due_at, attempts = 0, updated_at = clock_timestamp()
           from chosen c where e.seq = c.seq and e.state <> 'held'
         returning e.seq, e.key, e.due_at, c.state, c.attempts, c.last_error),
       audited as (
         insert into ${outbox_audit} (actor, action, seq, key, details)
         select $4::text, 'retry', seq, key,
                jsonb_build_object('state', state, 'attempts', attempts, 'last_error', last_error,
                                   'due_at', due_at)
           from changed order by seq),
       revised as (
         update ${outbox_control} set revision = revision + 1
          where exists (select from chosen where holds_key))
  select count(*) from changed)";

// Parameters: seqs, states, actor.
constexpr const char* kDiscard = R"(
  with chosen as materialized (
         select e.seq, e.state, e.attempts, e.holds_key from ${outbox_exception} e
          where e.seq = any ($1::bigint[]) and e.state <> 'held'
            and e.state = any ($2::text[])
          order by e.seq for update of e),
       changed as (
         update ${outbox_exception} e
            set state = 'discarded', holds_key = false, due_at = null,
                updated_at = clock_timestamp()
           from chosen c where e.seq = c.seq and e.state <> 'held'
         returning e.seq, e.key, c.state, c.attempts, e.last_error),
       audited as (
         insert into ${outbox_audit} (actor, action, seq, key, details)
         select $3::text, 'discard', seq, key,
                jsonb_build_object('state', state, 'attempts', attempts, 'last_error', last_error)
           from changed order by seq),
       revised as (
         update ${outbox_control} set revision = revision + 1
          where exists (select from chosen where holds_key))
  select count(*) from changed)";

const char* states_of(Purpose purpose) {
  switch (purpose) {
    case Purpose::look:
      return "{dead,retrying,delayed,discarded}";
    case Purpose::retry:
      return "{dead,retrying}";
    case Purpose::discard:
      return "{dead,retrying,delayed}";
  }
  return "{}";
}

std::string find(const DeadLetterFilter& filter) {
  return std::string{filter.replays ? kFindReplays : kFindDead} + kFilter;
}

Error cannot_choose(std::string_view name, bool known, std::string_view state) {
  if (!known) {
    return {ErrorCode::not_found, "there is no message " + std::string{name}};
  }
  return {ErrorCode::conflict,
          "message " + std::string{name} + " is " +
              (state.empty() ? "neither dead nor retrying" : std::string{state}) +
              ": nothing was done (see 'outboxctl trace " + std::string{name} + "')"};
}

pg::Array array_of(std::span<const std::int64_t> seqs) {
  pg::Array array{pg::Type::int8};
  for (const std::int64_t seq : seqs)
    array.int8(seq);
  return array;
}

Result<std::vector<std::int64_t>> first_column(const Result<pg::Rows>& rows) {
  if (!rows) return rows.error();
  std::vector<std::int64_t> numbers;
  for (int row = 0; row < rows->size(); ++row)
    numbers.push_back(rows->int8(row, 0));
  return numbers;
}

pg::Params find_params(const DeadLetterFilter& filter, const std::string& since, std::int64_t limit,
                       std::int64_t after) {
  pg::Params params;
  params.int8(limit).int8(after).text(filter.key).text(filter.type).text(filter.error);
  params.text(since).text(filter.aggregate_type);
  return params;
}

}  // namespace

Result<std::vector<Json>> DeadLetters::list(const DeadLetterFilter& filter, std::int64_t limit) {
  const auto since = outbox_->moment(filter.since, "--since");
  if (!since) return since.error();
  return outbox_->documents(
      "select json_build_object('seq', e.seq, 'id', o.id, 'aggregate_type', o.aggregatetype, "
      "'key', e.key, 'type', o.type, 'created_at', " +
          utc("o.created_at") + ", 'failed_at', " + utc("e.failed_at") + ", 'dead_since', " +
          utc("e.updated_at") +
          ", 'attempts', e.attempts, 'holds_key', e.holds_key, 'replay', e.replay, "
          "'topic', e.topic, 'edited', e.payload is not null, 'last_error', e.last_error)" +
          find(filter),
      find_params(filter, *since, limit, -1));
}

Result<DeadLetterSelection> DeadLetters::select(const DeadLetterFilter& filter, Purpose purpose,
                                                std::size_t most) {
  if (!filter.names.empty()) return resolve(filter.names, purpose);
  if (filter.replays && purpose == Purpose::retry) {
    return Error{ErrorCode::invalid_argument, "replays go out by themselves: nothing is retried"};
  }
  const auto since = outbox_->moment(filter.since, "--since");
  if (!since) return since.error();
  auto seqs = all_pages(kSelectPage, most, {}, [&](std::int64_t after) {
    return first_column(outbox_->query("select e.seq" + find(filter),
                                       find_params(filter, *since, kSelectPage, after)));
  });
  if (!seqs) return std::move(seqs).error();
  return DeadLetterSelection{*std::move(seqs), filter.replays ? "{delayed}" : "{dead}"};
}

Result<DeadLetterSelection> DeadLetters::resolve(const std::vector<std::string>& names,
                                                 Purpose purpose) {
  const auto parsed = parse_names(names);
  if (!parsed) return parsed.error();
  const pg::Array seqs = array_of(parsed->seqs);
  pg::Array ids{pg::Type::uuid};
  for (const Uuid& id : parsed->ids)
    ids.uuid(id);
  DeadLetterSelection selection{{}, states_of(purpose)};
  pg::Params params;
  params.array(seqs).array(ids).text(selection.states);
  const auto rows = outbox_->query(kResolve, params);
  if (!rows) return rows.error();
  for (int row = 0; row < rows->size(); ++row) {
    if (rows->is_null(row, 3)) {
      return cannot_choose(rows->text(row, 0), rows->boolean(row, 1), rows->text(row, 2));
    }
    selection.seqs.push_back(rows->int8(row, 3));
  }
  return selection;
}

Result<std::int64_t> DeadLetters::retry(const DeadLetterSelection& selection,
                                        const Schedule& schedule, const GoOn& go_on) {
  return in_chunks(selection.seqs, "retried", go_on,
                   [&](std::span<const std::int64_t> seqs, std::size_t first) {
                     return retry_chunk(seqs, first, selection.states, schedule);
                   });
}

Result<std::int64_t> DeadLetters::retry_chunk(std::span<const std::int64_t> seqs, std::size_t first,
                                              const std::string& states, const Schedule& schedule) {
  const pg::Array numbers = array_of(seqs);
  pg::Array due{pg::Type::timestamptz};
  for (std::size_t i = 0; i < seqs.size(); ++i)
    due.unix_us(schedule.due_us(first + i));
  pg::Params params;
  params.array(numbers).array(due).text(states).text(outbox_->actor());
  return outbox_->number(kRetry, params);
}

Result<std::int64_t> DeadLetters::retry_edited(const DeadLetterSelection& selection,
                                               const std::string& payload, const Schedule& schedule,
                                               const GoOn& go_on) {
  auto tx = pg::Tx::begin(outbox_->connection());
  if (!tx) return std::move(tx).error();
  if (auto edited = edit(selection, payload); !edited) return std::move(edited).error();
  auto changed = retry(selection, schedule, go_on);
  if (!changed || *changed == 0) return changed;  // no edit without its retry
  if (auto committed = tx->commit(); !committed) return std::move(committed).error();
  return changed;
}

Result<void> DeadLetters::edit(const DeadLetterSelection& selection, const std::string& payload) {
  auto type = outbox_->payload_type();
  if (!type) return std::move(type).error();
  const PayloadSql sql{*std::move(type)};
  const pg::Array seqs = array_of(selection.seqs);
  pg::Params params;
  params.array(seqs).text(selection.states).text(outbox_->actor()).bytea(payload);
  auto edited = outbox_->query(
      "with chosen as materialized ("
      "       select e.seq, coalesce(e.payload, o.payload) as payload"
      "         from ${outbox_exception} e join ${outbox_row} o on o.seq = e.seq"
      "        where e.seq = any ($1::bigint[]) and e.state = any ($2::text[])"
      "          for update of e),"
      "     changed as ("
      "       update ${outbox_exception} e set payload = " +
          sql.from_bytes("$4::bytea") +
          "         from chosen c where e.seq = c.seq and e.state <> 'held'"
          "       returning e.seq, e.key, c.payload as before, e.payload as after)"
          "insert into ${outbox_audit} (actor, action, seq, key, details)"
          "select $3::text, 'edit', seq, key, jsonb_build_object('encoding', '" +
          sql.encoding() + "', 'before', " + sql.to_text("before") + ", 'after', " +
          sql.to_text("after") + ") from changed",
      params);
  return edited ? Result<void>{} : Result<void>{std::move(edited).error()};
}

Result<void> DeadLetters::check_payload(const std::string& payload) {
  auto type = outbox_->payload_type();
  if (!type) return std::move(type).error();
  const PayloadSql sql{*std::move(type)};
  pg::Params params;
  params.bytea(payload);
  auto taken = outbox_->query("select " + sql.from_bytes("$1::bytea") + " is null", params);
  if (taken) return {};
  if (taken.error().code != ErrorCode::invalid_argument) return std::move(taken).error();
  return Error{ErrorCode::invalid_argument, "the payload is not what the column takes, which is " +
                                                sql.type() + ": " + taken.error().message};
}

Result<std::int64_t> DeadLetters::discard(const DeadLetterSelection& selection, const GoOn& go_on) {
  return in_chunks(selection.seqs, "discarded", go_on,
                   [&](std::span<const std::int64_t> seqs, std::size_t) {
                     const pg::Array numbers = array_of(seqs);
                     pg::Params params;
                     params.array(numbers).text(selection.states).text(outbox_->actor());
                     return outbox_->number(kDiscard, params);
                   });
}

Result<std::vector<Json>> DeadLetters::whole(std::span<const std::int64_t> seqs) {
  auto type = outbox_->payload_type();
  if (!type) return std::move(type).error();
  const PayloadSql sql{*std::move(type)};
  const pg::Array numbers = array_of(seqs);
  pg::Params params;
  params.array(numbers);
  return outbox_->documents(
      "select json_build_object('seq', e.seq, 'id', o.id, 'aggregate_type', o.aggregatetype, "
      "'key', e.key, 'type', o.type, 'created_at', " +
          utc("o.created_at") +
          ", 'state', e.state, 'holds_key', e.holds_key, 'replay', e.replay, 'topic', e.topic, "
          "'failed_at', " +
          utc("e.failed_at") + ", 'updated_at', " + utc("e.updated_at") +
          ", 'attempts', e.attempts, 'last_error', e.last_error, 'headers', o.headers, "
          "'payload_encoding', '" +
          sql.encoding() + "', 'payload', " + sql.to_text("coalesce(e.payload, o.payload)") +
          ", 'payload_as_written', case when e.payload is not null then " +
          sql.to_text("o.payload") +
          " end, 'failures', coalesce((select json_agg(json_build_object('attempt', a.attempt, "
          "'failed_at', " +
          utc("a.failed_at") +
          ", 'relay', a.relay, 'error', a.error) order by a.failed_at, a.attempt) "
          "from ${outbox_attempt} a where a.seq = e.seq), '[]')) "
          "from ${outbox_exception} e left join ${outbox_row} o on o.seq = e.seq "
          "where e.seq = any ($1::bigint[]) and e.state <> 'held' order by e.seq",
      params);
}

}  // namespace outbox::admin
