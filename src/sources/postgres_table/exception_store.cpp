#include "sources/postgres_table/exception_store.hpp"

#include <string_view>
#include <utility>

#include "support/text/printable.hpp"

namespace outbox::postgres_table {
namespace {

constexpr std::size_t kLongestError = 2'000;
constexpr std::int64_t kKeptAttempts = 100;

constexpr const char* kResolve = R"(
  delete from ${outbox_exception} where seq = any ($1::bigint[]) and state <> 'held')";

constexpr const char* kForgetHeld = R"(
  delete from ${outbox_exception} where state = 'held' and key = any ($1::text[]))";

constexpr const char* kHold = R"(
  insert into ${outbox_exception} (state, holds_key, key, shard, seq, until_seq)
  select 'held', true, * from unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[]))";

// What an operator has given up stays so, whatever the relay has learnt meanwhile.
constexpr const char* kUpsert = R"(
  on conflict (seq) where state <> 'held' do update
     set state = excluded.state, holds_key = excluded.holds_key, attempts = excluded.attempts,
         due_at = excluded.due_at, last_error = excluded.last_error,
         updated_at = clock_timestamp()
   where e.state not in ('dead', 'discarded'))";

// After kFail and kUpsert: what is dead from now on.
constexpr const char* kReturnDead = R"(
  returning case when e.state = 'dead' then e.seq end)";

// Parameters: owner; seqs, shards, keys, attempts, due in milliseconds, errors, given up; how many
// attempts are kept; of which the row stays as an operator has left it.
constexpr const char* kFail = R"(
  with f as materialized (
         select * from unnest($2::bigint[], $3::integer[], $4::text[], $5::integer[],
                              $6::bigint[], $7::text[], $8::boolean[], $10::boolean[])
                         as f (seq, shard, key, attempts, due_in_ms, error, parked, stays)),
       noted as (
         insert into ${outbox_attempt} (seq, attempt, relay, error)
         select seq, attempts, $1::text, error from f where attempts > 0),
       trimmed as (
         delete from ${outbox_attempt} a using f
          where a.seq = f.seq and a.attempt <= f.attempts - $9::bigint)
  insert into ${outbox_exception} as e
         (state, holds_key, seq, shard, key, attempts, due_at, last_error)
  select case when f.parked then 'dead' else 'retrying' end, true, f.seq, f.shard, f.key,
         f.attempts, clock_timestamp() + f.due_in_ms * interval '1 millisecond', f.error
    from f where not f.stays)";

// Parameters: owner; seqs, shards, keys, attempts, due at in Unix microseconds or 0, due in
// milliseconds, errors, dead; how many attempts are kept; of which the row stays as an operator
// has left it. A message that was only postponed, for its topic's sake, has no attempt to be noted.
constexpr const char* kDetach = R"(
  with d as materialized (
         select * from unnest($2::bigint[], $3::integer[], $4::text[], $5::integer[],
                              $6::bigint[], $7::bigint[], $8::text[], $9::boolean[],
                              $11::boolean[])
                         as d (seq, shard, key, attempts, due_at_us, due_in_ms, error, dead,
                               stays)),
       noted as (
         insert into ${outbox_attempt} (seq, attempt, relay, error)
         select d.seq, d.attempts, $1::text, d.error from d
          where d.error <> ''
            and d.attempts > coalesce((select x.attempts from ${outbox_exception} x
                                        where x.seq = d.seq and x.state <> 'held'), 0)),
       trimmed as (
         delete from ${outbox_attempt} a using d
          where a.seq = d.seq and a.attempt <= d.attempts - $10::bigint),
       stored as (
  insert into ${outbox_exception} as e
         (state, holds_key, seq, shard, key, attempts, due_at, last_error)
  select case when d.dead then 'dead' else 'delayed' end, false, d.seq, d.shard, d.key, d.attempts,
         case when d.due_at_us = 9223372036854775807 then 'infinity'
              when d.due_at_us <> 0
              then timestamptz 'epoch' + d.due_at_us * interval '1 microsecond'
              else clock_timestamp() + d.due_in_ms * interval '1 millisecond' end,
         nullif(d.error, '')
    from d where not d.stays)";

// After it and kUpsert. Returns what is dead from now on.
constexpr const char* kAuditSkipped = R"(
  returning e.seq)
  insert into ${outbox_audit} (actor, action, seq, key, details)
  select $1::text, 'skip', d.seq, d.key,
         jsonb_build_object('attempts', d.attempts, 'error', d.error)
    from d join stored on stored.seq = d.seq where d.dead
  returning seq)";

// A key of its own, as the message's key may be held. What is itself a copy is not copied again.
// Parameters: seqs, the copy's aggregate type.
constexpr const char* kCopyDead = R"(
  insert into ${outbox} (id, aggregatetype, aggregateid, type, headers, payload)
  select gen_random_uuid(), $2::text, o.id::text, o.type,
         o.headers || jsonb_build_object(
           'outbox-dead-letter-aggregatetype', o.aggregatetype,
           'outbox-dead-letter-aggregateid', o.aggregateid,
           'outbox-dead-letter-seq', o.seq::text,
           'outbox-dead-letter-attempts', e.attempts::text,
           'outbox-dead-letter-error', coalesce(e.last_error, '')),
         coalesce(e.payload, o.payload)
    from ${outbox_row} o
    join ${outbox_exception} e on e.seq = o.seq and e.state <> 'held'
   where o.seq = any ($1::bigint[]) and o.aggregatetype <> $2::text
   order by o.seq)";

// What a broker or a library says may hold anything; the column takes UTF-8 without NUL.
std::string shown(const std::string& error) {
  return text::printable(std::string_view{error}.substr(0, kLongestError));
}

}  // namespace

Result<void> ExceptionStore::prepare(const Tables& tables) {
  const std::pair<const char*, std::string> statements[] = {
      {"resolve", tables.sql(kResolve)},
      {"forget_held", tables.sql(kForgetHeld)},
      {"hold", tables.sql(kHold)},
      {"fail", tables.sql(std::string{kFail} + kUpsert + kReturnDead)},
      {"detach", tables.sql(std::string{kDetach} + kUpsert + kAuditSkipped)},
      {"copy_dead", tables.sql(kCopyDead)},
  };
  for (const auto& [name, sql] : statements) {
    if (Result<void> prepared = connection_->prepare(name, sql); !prepared) {
      return prepared;
    }
  }
  if (Result<void> prepared = seen_.prepare(tables); !prepared) {
    return prepared;
  }
  return prepare_claims(tables);
}

Result<void> ExceptionStore::store(const Settlement& settlement) {
  if (Result<void> locked = seen_.lock(settlement); !locked) {
    return locked;
  }
  if (!settlement.resolved.empty()) {
    pg::Array seqs{pg::Type::int8};
    for (const std::int64_t seq : settlement.resolved) {
      if (!seen_.outlives_delivery(seq)) {
        seqs.int8(seq);
      }
    }
    pg::Params params;
    params.array(seqs);
    if (Result<pg::Rows> done = connection_->query_prepared("resolve", params); !done) {
      return std::move(done).error();
    }
  }
  if (Result<void> stored = store_held(settlement.held); !stored) {
    return stored;
  }
  if (Result<void> stored = store_failed(settlement.failed); !stored) {
    return stored;
  }
  return store_detached(settlement.detached);
}

Result<void> ExceptionStore::store_held(std::span<const HeldRange> held) {
  if (held.empty()) {
    return {};
  }
  pg::Array all_keys{pg::Type::text};
  pg::Array keys{pg::Type::text};
  pg::Array shards{pg::Type::int4};
  pg::Array from{pg::Type::int8};
  pg::Array until{pg::Type::int8};
  for (const HeldRange& range : held) {
    all_keys.bytes(range.key);
    if (range.from_seq <= range.until_seq) {
      keys.bytes(range.key);
      shards.int4(range.shard);
      from.int8(range.from_seq);
      until.int8(range.until_seq);
    }
  }
  pg::Params params;
  params.array(all_keys);
  if (Result<pg::Rows> done = connection_->query_prepared("forget_held", params); !done) {
    return std::move(done).error();
  }
  params.clear();
  params.array(keys).array(shards).array(from).array(until);
  const Result<pg::Rows> done = connection_->query_prepared("hold", params);
  return done ? Result<void>{} : Result<void>{done.error()};
}

Result<void> ExceptionStore::store_failed(std::span<const FailedHead> failed) {
  if (failed.empty()) {
    return {};
  }
  pg::Array seqs{pg::Type::int8};
  pg::Array shards{pg::Type::int4};
  pg::Array keys{pg::Type::text};
  pg::Array attempts{pg::Type::int4};
  pg::Array due{pg::Type::int8};
  pg::Array errors{pg::Type::text};
  pg::Array parked{pg::Type::boolean};
  pg::Array stays{pg::Type::boolean};
  for (const FailedHead& head : failed) {
    seqs.int8(head.seq);
    shards.int4(head.shard);
    keys.bytes(head.key);
    attempts.int4(head.attempts);
    due.int8(head.due_in.count());
    errors.bytes(shown(head.error));
    parked.boolean(head.parked);
    stays.boolean(seen_.outlives_failure(head.seq, head.attempts));
  }
  pg::Params params;
  params.text(fence_.owner).array(seqs).array(shards).array(keys).array(attempts).array(due);
  params.array(errors).array(parked).int8(kKeptAttempts).array(stays);
  const Result<pg::Rows> died = connection_->query_prepared("fail", params);
  return died ? copy_dead(*died) : Result<void>{died.error()};
}

Result<void> ExceptionStore::store_detached(std::span<const DetachedMessage> detached) {
  if (detached.empty()) {
    return {};
  }
  pg::Array seqs{pg::Type::int8};
  pg::Array shards{pg::Type::int4};
  pg::Array keys{pg::Type::text};
  pg::Array attempts{pg::Type::int4};
  pg::Array due_at{pg::Type::int8};
  pg::Array due_in{pg::Type::int8};
  pg::Array errors{pg::Type::text};
  pg::Array dead{pg::Type::boolean};
  pg::Array stays{pg::Type::boolean};
  for (const DetachedMessage& message : detached) {
    seqs.int8(message.seq);
    shards.int4(message.shard);
    keys.bytes(message.key);
    attempts.int4(message.attempts);
    due_at.int8(message.due_at_us);
    due_in.int8(message.due_in.count());
    errors.bytes(shown(message.error));
    dead.boolean(message.dead);
    stays.boolean(seen_.outlives_failure(message.seq, message.attempts));
  }
  pg::Params params;
  params.text(fence_.owner).array(seqs).array(shards).array(keys).array(attempts).array(due_at);
  params.array(due_in).array(errors).array(dead).int8(kKeptAttempts).array(stays);
  const Result<pg::Rows> died = connection_->query_prepared("detach", params);
  return died ? copy_dead(*died) : Result<void>{died.error()};
}

Result<void> ExceptionStore::copy_dead(const pg::Rows& dead) {
  pg::Array seqs{pg::Type::int8};
  bool any = false;
  for (int i = 0; i < dead.size(); ++i) {
    if (!dead.is_null(i, 0)) {
      seqs.int8(dead.int8(i, 0));
      any = true;
    }
  }
  if (!any || dead_letter_type_.empty()) {
    return {};
  }
  pg::Params params;
  params.array(seqs).text(dead_letter_type_);
  const Result<pg::Rows> done = connection_->query_prepared("copy_dead", params);
  return done ? Result<void>{} : Result<void>{done.error()};
}

}  // namespace outbox::postgres_table
