#include "sources/postgres_table/settler.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "support/text/printable.hpp"

namespace outbox::postgres_table {
namespace {

// Progress rows in one table before the other one is emptied and takes over.
constexpr std::int64_t kRowsPerTable = 10'000;
constexpr std::size_t kLongestError = 2'000;
constexpr std::int64_t kAllShards = -1;  // 64 bits set

// Parameters: owner, epoch; seqs, partitions, offsets, topic numbers, topics; n (null: the position
// stays), shards, from, to, last_seq. The answer is whether the fence held.
constexpr const char* kSettle = R"(
  with fence as materialized (
         select 1 from (select bool_and(owner = $1::text and epoch = $2::bigint) as held
                          from ${outbox_shard}) s where held),
       receipts as (
         insert into ${outbox_receipt} (seq, topic, "partition", "offset")
         select r.seq, ($7::text[])[r.topic], r.part, r.off
           from fence, unnest($3::bigint[], $4::integer[], $5::bigint[], $6::integer[])
                         as r (seq, part, off, topic)),
       progress as (
         insert into ${outbox_progress_@} (epoch, n, shards, from_snapshot, to_snapshot, last_seq)
         select $2::bigint, $8::bigint, $9::bigint, $10::pg_snapshot, $11::pg_snapshot, $12::bigint
           from fence where $8::bigint is not null)
  select exists (select 1 from fence))";

constexpr const char* kLockFence = R"(
  select bool_and(owner = $1::text and epoch = $2::bigint)
    from (select * from ${outbox_shard} for share) s)";

constexpr const char* kResolve = R"(
  delete from ${outbox_exception} where seq = any ($1::bigint[]) and state <> 'held')";

constexpr const char* kForgetHeld = R"(
  delete from ${outbox_exception} where state = 'held' and key = any ($1::text[]))";

constexpr const char* kHold = R"(
  insert into ${outbox_exception} (state, key, shard, seq, until_seq)
  select 'held', * from unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[]))";

constexpr const char* kFail = R"(
  insert into ${outbox_exception} as e (state, seq, shard, key, attempts, due_at, last_error)
  select 'retrying', f.seq, f.shard, f.key, f.attempts,
         clock_timestamp() + f.due_in_ms * interval '1 millisecond', f.error
    from unnest($1::bigint[], $2::integer[], $3::text[], $4::integer[], $5::bigint[], $6::text[])
           as f (seq, shard, key, attempts, due_in_ms, error)
  on conflict (seq) do update
     set state = 'retrying', attempts = excluded.attempts, due_at = excluded.due_at,
         last_error = excluded.last_error, updated_at = clock_timestamp())";

// The rows are compared and ordered as (aggregateid, seq), so that no other index can serve.
// Parameters: keys, from seqs, until seqs; rows per range; position: from, to (null: none),
// last_seq.
constexpr const char* kClaim = R"(
  from unnest($1::text[], $2::bigint[], $3::bigint[])
         with ordinality as r (key, from_seq, until_seq, number)
 cross join lateral (
   select * from ${outbox} c
    where (c.aggregateid, c.seq) >= (r.key, r.from_seq)
      and (c.aggregateid, c.seq) <= (r.key, r.until_seq)
      and (pg_visible_in_snapshot(c.xid, $5::pg_snapshot)
           or (c.seq <= $7::bigint and pg_visible_in_snapshot(c.xid, $6::pg_snapshot)))
    order by c.aggregateid, c.seq limit $4::bigint) o
 order by r.number, o.seq)";

Error taken_over() {
  return Error{ErrorCode::not_owner, "another relay has taken over; nothing more is marked here"};
}

}  // namespace

Settler::Settler(pg::Connection& connection, Fence fence, Position position)
    : connection_(&connection), fence_(std::move(fence)), position_(std::move(position)) {}

Result<Settler> Settler::make(pg::Connection& connection, const Tables& tables, Fence fence,
                              Position position) {
  Settler settler{connection, std::move(fence), std::move(position)};
  if (Result<void> prepared = settler.prepare(tables); !prepared) {
    return std::move(prepared).error();
  }
  if (Result<void> found = settler.find_current_table(tables); !found) {
    return std::move(found).error();
  }
  const Position start = settler.position_;
  if (Result<void> stored = settler.store({}, &start); !stored) {
    return std::move(stored).error();
  }
  return settler;
}

Result<void> Settler::prepare(const Tables& tables) {
  const auto settle_into = [&](const char* table) {
    std::string sql = kSettle;
    sql.replace(sql.find('@'), 1, table);
    return tables.sql(sql);
  };
  const std::pair<const char*, std::string> statements[] = {
      {"settle_0", settle_into("0")},
      {"settle_1", settle_into("1")},
      {"lock_fence", tables.sql(kLockFence)},
      {"resolve", tables.sql(kResolve)},
      {"forget_held", tables.sql(kForgetHeld)},
      {"hold", tables.sql(kHold)},
      {"fail", tables.sql(kFail)},
      {"claim", tables.sql(std::string{"select "} + kRecordColumns + kClaim)},
  };
  truncate_sql_[0] = tables.sql("truncate ${outbox_progress_0}");
  truncate_sql_[1] = tables.sql("truncate ${outbox_progress_1}");
  if (Result<pg::Rows> set = connection_->exec("set synchronous_commit = off; set jit = off;"
                                               "set plan_cache_mode = force_generic_plan;"
                                               "set enable_seqscan = off;"
                                               "set enable_bitmapscan = off;"
                                               "set enable_sort = off;"
                                               "set max_parallel_workers_per_gather = 0");
      !set) {
    return std::move(set).error();
  }
  for (const auto& [name, sql] : statements) {
    if (Result<void> prepared = connection_->prepare(name, sql); !prepared) {
      return prepared;
    }
  }
  return {};
}

// The table with the newest row goes on being appended to.
Result<void> Settler::find_current_table(const Tables& tables) {
  const Result<pg::Rows> rows = connection_->query(tables.sql(
      "select (select t from (select 0 as t, epoch, n from ${outbox_progress_0} union all "
      "                       select 1 as t, epoch, n from ${outbox_progress_1}) p "
      "         order by epoch desc, n desc limit 1), "
      "       (select count(*) from ${outbox_progress_0}), "
      "       (select count(*) from ${outbox_progress_1})"));
  if (!rows) {
    return rows.error();
  }
  current_ = static_cast<int>(rows->int8(0, 0));
  appended_ = rows->int8(0, 1 + current_);
  return {};
}

Result<void> Settler::settle(const Settlement& settlement, const Position* position) {
  if (position != nullptr && appended_ >= kRowsPerTable) {
    // In a transaction of its own: its lock must not be held while a settlement is written.
    if (Result<void> rotated = rotate(); !rotated) {
      return rotated;
    }
  }
  const bool exceptional =
      !settlement.failed.empty() || !settlement.resolved.empty() || !settlement.held.empty();
  if (!exceptional) {
    return store(settlement.delivered, position);
  }
  Result<pg::Tx> tx = pg::Tx::begin(*connection_);
  if (!tx) {
    return std::move(tx).error();
  }
  if (Result<pg::Rows> set = connection_->exec("set local synchronous_commit = on"); !set) {
    return std::move(set).error();
  }
  if (Result<void> owned = lock_fence(); !owned) {
    return owned;
  }
  if (Result<void> stored = store_exceptions(settlement); !stored) {
    return stored;
  }
  if (Result<void> stored = store(settlement.delivered, position); !stored) {
    return stored;
  }
  return tx->commit();
}

Result<void> Settler::store(std::span<const Receipt> receipts, const Position* position) {
  for (pg::Array* array : {&seqs_, &partitions_, &offsets_, &topic_numbers_, &topics_}) {
    array->clear();
  }
  std::vector<std::string_view> topics;  // few: the views are compared by their text
  for (const Receipt& receipt : receipts) {
    auto topic = std::find(topics.begin(), topics.end(), receipt.topic);
    if (topic == topics.end()) {
      topics_.bytes(receipt.topic);
      topic = topics.insert(topics.end(), receipt.topic);
    }
    seqs_.int8(receipt.seq);
    partitions_.int4(receipt.partition);
    offsets_.int8(receipt.offset);
    topic_numbers_.int4(static_cast<std::int32_t>(topic - topics.begin()) + 1);
  }
  const Position& at = position != nullptr ? *position : position_;
  params_.clear();
  params_.text(fence_.owner).int8(fence_.epoch);
  params_.array(seqs_).array(partitions_).array(offsets_).array(topic_numbers_).array(topics_);
  params_.int8(position != nullptr ? std::optional{n_ + 1} : std::nullopt).int8(kAllShards);
  params_.text(at.from.text);
  params_.text(at.to ? std::optional<std::string_view>{at.to->text} : std::nullopt);
  params_.int8(at.last_seq);
  const Result<pg::Rows> stored =
      connection_->query_prepared(current_ == 0 ? "settle_0" : "settle_1", params_);
  if (!stored) {
    return stored.error();
  }
  if (!stored->boolean(0, 0)) {
    return taken_over();
  }
  if (position != nullptr) {
    ++n_;
    ++appended_;
    position_ = *position;
  }
  return {};
}

// The other table holds only rows that were superseded long ago; after a takeover, though, the new
// owner's.
Result<void> Settler::rotate() {
  Result<pg::Tx> tx = pg::Tx::begin(*connection_);
  if (!tx) {
    return std::move(tx).error();
  }
  if (Result<void> owned = lock_fence(); !owned) {
    return owned;
  }
  const int other = 1 - current_;
  const Result<pg::Rows> truncated = connection_->exec(
      "set local lock_timeout = '100ms'; " + truncate_sql_.at(static_cast<std::size_t>(other)));
  if (!truncated && truncated.error().code == ErrorCode::timeout) {
    // Someone reads it just now: try again a little later.
    appended_ = kRowsPerTable - kRowsPerTable / 10;
    return {};
  }
  if (!truncated) {
    return truncated.error();
  }
  Result<void> committed = tx->commit();
  if (committed) {
    current_ = other;
    appended_ = 0;
  }
  return committed;
}

// Within a transaction: nobody can take over before it ends.
Result<void> Settler::lock_fence() {
  pg::Params fence;
  fence.text(fence_.owner).int8(fence_.epoch);
  const Result<pg::Rows> held = connection_->query_prepared("lock_fence", fence);
  if (!held) {
    return held.error();
  }
  return held->boolean(0, 0) ? Result<void>{} : Result<void>{taken_over()};
}

Result<void> Settler::store_exceptions(const Settlement& settlement) {
  if (!settlement.resolved.empty()) {
    pg::Array seqs{pg::Type::int8};
    for (const std::int64_t seq : settlement.resolved) {
      seqs.int8(seq);
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
  return store_failed(settlement.failed);
}

Result<void> Settler::store_held(std::span<const HeldRange> held) {
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

Result<void> Settler::store_failed(std::span<const FailedHead> failed) {
  if (failed.empty()) {
    return {};
  }
  pg::Array seqs{pg::Type::int8};
  pg::Array shards{pg::Type::int4};
  pg::Array keys{pg::Type::text};
  pg::Array attempts{pg::Type::int4};
  pg::Array due{pg::Type::int8};
  pg::Array errors{pg::Type::text};
  for (const FailedHead& head : failed) {
    seqs.int8(head.seq);
    shards.int4(head.shard);
    keys.bytes(head.key);
    attempts.int4(head.attempts);
    due.int8(head.due_in.count());
    // What a broker or a library says may hold anything; the column takes UTF-8 without NUL.
    errors.bytes(text::printable(std::string_view{head.error}.substr(0, kLongestError)));
  }
  pg::Params params;
  params.array(seqs).array(shards).array(keys).array(attempts).array(due).array(errors);
  const Result<pg::Rows> done = connection_->query_prepared("fail", params);
  return done ? Result<void>{} : Result<void>{done.error()};
}

Result<Batch> Settler::claim(std::span<const HeldRange> ranges, std::size_t limit_per_range,
                             std::size_t max_bytes) {
  pg::Array keys{pg::Type::text};
  pg::Array from{pg::Type::int8};
  pg::Array until{pg::Type::int8};
  for (const HeldRange& range : ranges) {
    keys.bytes(range.key);
    from.int8(range.from_seq);
    until.int8(range.until_seq);
  }
  pg::Params params;
  params.array(keys).array(from).array(until).int8(static_cast<std::int64_t>(limit_per_range));
  params.text(position_.from.text);
  params.text(position_.to ? std::optional<std::string_view>{position_.to->text} : std::nullopt);
  params.int8(position_.last_seq);
  return read_records(*connection_, "claim", params,
                      ReadLimits{ranges.size() * limit_per_range, max_bytes});
}

Result<Exceptions> Settler::load_exceptions(const Tables& tables) {
  const Result<pg::Rows> rows = connection_->query(
      tables.sql("select state, seq, until_seq, shard, key, attempts, "
                 "       greatest(0, extract(epoch from due_at - clock_timestamp()) * "
                 "1000)::bigint, last_error "
                 "  from ${outbox_exception} where state in ('retrying', 'held') order by seq"));
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
                     std::chrono::milliseconds{rows->int8(i, 6)}, std::string{rows->text(i, 7)}});
    }
  }
  return exceptions;
}

}  // namespace outbox::postgres_table
