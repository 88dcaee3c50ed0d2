// What of the exceptions is read again.
#include <algorithm>
#include <utility>

#include "sources/postgres_table/exception_store.hpp"
#include "sources/postgres_table/position_arrays.hpp"
#include "sources/postgres_table/row_reader.hpp"

namespace outbox::postgres_table {
namespace {

// The columns of a record `o` with its exception `e`, which may change what is sent, and three more
// for where to, for how often that has failed and for when the exception was changed.
constexpr const char* kClaimedColumns =
    "o.seq, o.id, o.shard, o.created_at, o.aggregatetype, o.aggregateid, o.type, "
    "coalesce(e.payload, o.payload), "
    "case when e.replay then o.headers || '{\"outbox-replay\": \"true\"}' else o.headers end, "
    "null::timestamptz, e.topic, e.attempts, e.updated_at";
constexpr int kTopic = kRecordColumnCount;
constexpr int kAttempts = kRecordColumnCount + 1;
constexpr int kChangedAt = kRecordColumnCount + 2;

// The rows are compared and ordered as (aggregateid, seq), so that no other index can serve. What
// is delayed, skipped or discarded does not wait in a range, nor does what was delivered by itself
// meanwhile; neither may count against the limit, by which the caller sees whether a range has
// ended, nor may a row of which KeptStore has a copy as well count twice. Parameters: keys, from
// seqs, until seqs, numbers of the positions; rows per range; of each position: from, to (null:
// none), last_seq.
constexpr const char* kClaim = R"(
  from unnest($1::text[], $2::bigint[], $3::bigint[], $4::integer[])
         with ordinality as r (key, from_seq, until_seq, at, number)
 cross join lateral (
   select (($6::text[])[r.at])::pg_snapshot as f, (($7::text[])[r.at])::pg_snapshot as t,
          ($8::bigint[])[r.at] as last offset 0) p
 cross join lateral (
   select distinct on (c.aggregateid, c.seq) * from ${outbox_row} c
    where (c.aggregateid, c.seq) >= (r.key, r.from_seq)
      and (c.aggregateid, c.seq) <= (r.key, r.until_seq)
      and (pg_visible_in_snapshot(c.xid, p.f)
           or (c.seq <= p.last and pg_visible_in_snapshot(c.xid, p.t)))
      and coalesce((select x.state = 'retrying' from ${outbox_exception} x
                     where x.seq = c.seq and x.state <> 'held'),
                   not exists (select from ${outbox_receipt} d
                                where d.seq = c.seq and d.first_seq > c.seq - 1000
                                  and d.first_seq <= c.seq and d.last_seq >= c.seq))
    order by c.aggregateid, c.seq limit $5::bigint) o
  left join lateral (
   select * from ${outbox_exception} x where x.seq = o.seq and x.state <> 'held') e on true
 order by r.number, o.seq)";

// Parameters: shards, limit.
constexpr const char* kClaimDue = R"(
  from (select * from ${outbox_exception}
         where state = 'delayed' and due_at <= clock_timestamp()
           and ($1::bigint >> shard::integer) & 1 = 1
         order by due_at, seq limit $2::bigint) e
 cross join lateral (select * from ${outbox_row} c where c.seq = e.seq limit 1) o
 order by e.due_at, e.seq)";

// A message without its row can never be sent, and must not keep the others from their turn. Read
// by the index of what is due, as there may be much that is delayed. Parameters: shards, limit.
constexpr const char* kFindGone = R"(
  select e.seq from ${outbox_exception} e
   where e.state = 'delayed' and e.due_at <= clock_timestamp()
     and ($1::bigint >> e.shard::integer) & 1 = 1
     and not exists (select from ${outbox_row} o where o.seq = e.seq)
   limit $2::bigint)";

// With it as `found`; locks in the order in which a settlement does. Further parameter: owner.
constexpr const char* kGiveUpGone = R"(
       gone as materialized (
         select e.seq from ${outbox_exception} e join found on found.seq = e.seq
          where e.state = 'delayed' order by e.seq for update of e),
       dead as (
         update ${outbox_exception} e
            set state = 'dead', updated_at = clock_timestamp(),
                last_error = 'the message''s row is no longer in the outbox table'
           from gone where e.seq = gone.seq and e.state <> 'held'
         returning e.seq, e.key, e.attempts, e.last_error)
  insert into ${outbox_audit} (actor, action, seq, key, details)
  select $3::text, 'skip', seq, key, jsonb_build_object('attempts', attempts, 'error', last_error)
    from dead order by seq)";

// A clock that was set back must not lengthen the wait for an attempt. Parameter: shards.
constexpr const char* kLoad = R"(
  select state, seq, until_seq, shard, key, attempts,
         greatest(0, extract(epoch from due_at - greatest(clock_timestamp(), updated_at)) * 1000)
           ::bigint,
         last_error
    from ${outbox_exception}
   where state in ('retrying', 'held', 'dead') and holds_key
     and ($1::bigint >> shard::integer) & 1 = 1
   order by seq)";

// Of kClaimedColumns what is behind a record's; `seen` gets those that have an exception.
MoreColumns take_exceptions(std::vector<SeenException>& seen) {
  return [&seen](const pg::Rows& row, Record* record, Arena& arena) {
    if (record == nullptr) {
      return;
    }
    const std::string_view topic = row.text(0, kTopic);
    record->topic = arena.add(topic.data(), topic.size());
    if (!row.is_null(0, kAttempts)) {
      record->attempts = static_cast<int>(row.int8(0, kAttempts));
    }
    if (!row.is_null(0, kChangedAt)) {
      seen.push_back({record->seq, row.unix_us(0, kChangedAt)});
    }
  };
}

}  // namespace

Result<void> ExceptionStore::prepare_claims(const Tables& tables) {
  const std::string columns = std::string{"select "} + kClaimedColumns;
  const std::pair<const char*, std::string> statements[] = {
      {"claim", tables.sql(columns + kClaim)},
      {"claim_due", tables.sql(columns + kClaimDue)},
      {"find_gone", tables.sql(kFindGone)},
      {"give_up_gone",
       tables.sql(std::string{"with found as materialized ("} + kFindGone + ")," + kGiveUpGone)},
  };
  for (const auto& [name, statement] : statements) {
    if (Result<void> prepared = connection_->prepare(name, statement); !prepared) {
      return prepared;
    }
  }
  load_sql_ = tables.sql(kLoad);
  return {};
}

Result<Batch> ExceptionStore::claim(std::span<const HeldRange> ranges, std::size_t limit_per_range,
                                    std::size_t max_bytes,
                                    std::span<const SharedPosition> positions) {
  pg::Array keys{pg::Type::text};
  pg::Array from{pg::Type::int8};
  pg::Array until{pg::Type::int8};
  pg::Array at{pg::Type::int4};
  for (const HeldRange& range : ranges) {
    keys.bytes(range.key);
    from.int8(range.from_seq);
    until.int8(range.until_seq);
    const auto position = std::find_if(
        positions.begin(), positions.end(),
        [&](const SharedPosition& p) { return ((p.shards >> range.shard) & 1U) != 0; });
    at.int4(static_cast<std::int32_t>(position - positions.begin()) + 1);
  }
  PositionArrays arrays;
  for (const SharedPosition& position : positions) {
    arrays.add(position);
  }
  pg::Params params;
  params.array(keys).array(from).array(until).array(at);
  params.int8(static_cast<std::int64_t>(limit_per_range));
  params.array(arrays.from).array(arrays.to).array(arrays.last_seqs);
  std::vector<SeenException> seen;
  Result<Batch> batch =
      read_records(*connection_, "claim", params,
                   ReadLimits{ranges.size() * limit_per_range, max_bytes}, take_exceptions(seen));
  seen_.saw_waiting(seen);
  return batch;
}

Result<Batch> ExceptionStore::claim_due(std::size_t limit, std::size_t max_bytes) {
  pg::Params params;
  params.int8(as_bits(fence_.shards)).int8(static_cast<std::int64_t>(limit));
  std::vector<SeenException> seen;
  Result<Batch> batch =
      read_records(*connection_, "claim_due", params, {limit, max_bytes}, take_exceptions(seen));
  seen_.saw_due(seen);
  return batch;
}

Result<bool> ExceptionStore::misses_rows() {
  pg::Params params;
  params.int8(as_bits(fence_.shards)).int8(1);
  const Result<pg::Rows> rows = connection_->query_prepared("find_gone", params);
  return rows ? Result<bool>{!rows->empty()} : Result<bool>{rows.error()};
}

Result<void> ExceptionStore::give_up_gone(std::size_t limit) {
  pg::Params params;
  params.int8(as_bits(fence_.shards)).int8(static_cast<std::int64_t>(limit)).text(fence_.owner);
  const Result<pg::Rows> done = connection_->query_prepared("give_up_gone", params);
  return done ? Result<void>{} : Result<void>{done.error()};
}

Result<Exceptions> ExceptionStore::load() {
  pg::Params params;
  params.int8(as_bits(fence_.shards));
  const Result<pg::Rows> rows = connection_->query(load_sql_, params);
  if (!rows) {
    return rows.error();
  }
  Exceptions exceptions;
  for (int i = 0; i < rows->size(); ++i) {
    const auto shard = static_cast<std::uint8_t>(rows->int8(i, 3));
    std::string key{rows->text(i, 4)};
    if (rows->text(i, 0) == "held") {
      exceptions.held.push_back(
          HeldRange{std::move(key), shard, rows->int8(i, 1), rows->int8(i, 2)});
    } else {
      exceptions.heads.push_back(
          FailedHead{rows->int8(i, 1), shard, std::move(key), static_cast<int>(rows->int8(i, 5)),
                     std::chrono::milliseconds{rows->int8(i, 6)}, std::string{rows->text(i, 7)},
                     rows->text(i, 0) == "dead"});
    }
  }
  return exceptions;
}

}  // namespace outbox::postgres_table
