#include "sources/postgres_table/settler.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <unordered_set>
#include <utility>
#include <vector>

#include "mutants/mutant.hpp"

namespace outbox::postgres_table {
namespace {

// Progress rows in one table before the other one is emptied and takes over.
constexpr std::int64_t kRowsPerTable = 10'000;

// Parameters: owner, epoch, shards; the runs of receipts; the number of the last progress row;
// shards, from, to, last_seq, lsn of each position that moved. The answer is whether the fence
// held.
constexpr const char* kSettle = R"(
  with fence as materialized (
         select 1 from (select bool_and(owner = $1::text and epoch = $2::bigint) as held
                          from ${outbox_shard}
                         where ($3::bigint >> shard::integer) & 1 = 1) s where held),
       receipts as (
         insert into ${outbox_receipt_run}
                (first_seq, last_seq, first_offset, "partition", topic, seqs, offsets)
         select r.first, r.last, r.off, r.part, r.topic, r.seqs::smallint[], r.offsets::integer[]
           from fence, unnest($4::bigint[], $5::bigint[], $6::bigint[], $7::integer[], $8::text[],
                              $9::text[], $10::text[])
                         as r (first, last, off, part, topic, seqs, offsets)),
       progress as (
         insert into ${outbox_progress_@}
                (epoch, n, shards, from_snapshot, to_snapshot, last_seq, lsn)
         select $2::bigint, $11::bigint + p.k, p.shards, p.f::pg_snapshot, p.t::pg_snapshot, p.last,
                p.lsn::pg_lsn
           from fence, unnest($12::bigint[], $13::text[], $14::text[], $15::bigint[], $16::text[])
                         with ordinality as p (shards, f, t, last, lsn, k))
  select exists (select 1 from fence))";

constexpr const char* kLockFence = R"(
  select bool_and(owner = $1::text and epoch = $2::bigint)
    from (select * from ${outbox_shard} where ($3::bigint >> shard::integer) & 1 = 1 for share) s)";

// Before the other table is emptied: what is still the newest of a shard, that of an idle relay or
// of a free shard, moves to this one.
constexpr const char* kRotate = R"(
  set local lock_timeout = '100ms';
  lock table ${outbox_progress_@} in access exclusive mode;
  insert into ${outbox_progress_%}
  select * from ${outbox_progress_@} o
   where (o.epoch, o.n) in (select p.epoch, p.n from ${outbox_position} p)
  on conflict do nothing;
  truncate ${outbox_progress_@})";

std::string replaced(std::string sql, char placeholder, int table) {
  std::replace(sql.begin(), sql.end(), placeholder, static_cast<char>('0' + table));
  return sql;
}

// For the mutants: the same statement with a part of it replaced.
std::string without(std::string sql, std::string_view part, std::string_view instead) {
  if (const std::size_t at = sql.find(part); at != std::string::npos) {
    sql.replace(at, part.size(), instead);
  }
  return sql;
}

std::string settle_sql() {
  if (mutant::on(mutant::Mutant::no_fencing)) {
    return without(kSettle, "where held)", ")");
  }
  if (mutant::on(mutant::Mutant::receipts_without_fence)) {
    return without(kSettle, "from fence, unnest($4", "from unnest($4");
  }
  return kSettle;
}

const char* synchronous_sql() {
  return mutant::on(mutant::Mutant::settle_async_exceptions) ? "set local synchronous_commit = off"
                                                             : "set local synchronous_commit = on";
}

Error taken_over() {
  return Error{ErrorCode::not_owner, "another relay has taken over; nothing more is marked here"};
}

}  // namespace

Result<Settler> Settler::make(pg::Connection& connection, const Tables& tables, Fence fence,
                              const std::vector<SharedPosition>& positions,
                              SettlerOptions options) {
  Settler settler{connection, std::move(fence), std::move(options)};
  if (Result<void> prepared = settler.prepare(tables); !prepared) {
    return std::move(prepared).error();
  }
  if (Result<void> found = settler.find_tables(tables); !found) {
    return std::move(found).error();
  }
  if (Result<void> stored = settler.store({}, &positions); !stored) {
    return std::move(stored).error();
  }
  return settler;
}

Result<void> Settler::prepare(const Tables& tables) {
  const std::pair<const char*, std::string> statements[] = {
      {"settle_0", tables.sql(replaced(settle_sql(), '@', 0))},
      {"settle_1", tables.sql(replaced(settle_sql(), '@', 1))},
      {"lock_fence", tables.sql(kLockFence)},
  };
  for (const int current : {0, 1}) {
    rotate_sql_.at(static_cast<std::size_t>(current)) =
        tables.sql(replaced(replaced(kRotate, '@', 1 - current), '%', current));
  }
  if (Result<pg::Rows> set = connection_->exec("set synchronous_commit = off; set jit = off;"
                                               "set plan_cache_mode = force_generic_plan;"
                                               "set enable_seqscan = off;"
                                               "set enable_bitmapscan = off;"
                                               "set enable_sort = off;"
                                               "set enable_hashjoin = off;"
                                               "set enable_mergejoin = off;"
                                               "set max_parallel_workers_per_gather = 0");
      !set) {
    return std::move(set).error();
  }
  for (const auto& [name, sql] : statements) {
    if (Result<void> prepared = connection_->prepare(name, sql); !prepared) {
      return prepared;
    }
  }
  if (Result<void> prepared = kept_.prepare(tables); !prepared) {
    return prepared;
  }
  return exceptions_.prepare(tables);
}

// The progress table with the newest row goes on being appended to.
Result<void> Settler::find_tables(const Tables& tables) {
  const Result<pg::Rows> rows = connection_->query(tables.sql(
      "select (select t from (select 0 as t, epoch, n from ${outbox_progress_0} union all "
      "                       select 1 as t, epoch, n from ${outbox_progress_1}) p "
      "         order by epoch desc, n desc limit 1), "
      "       (select count(*) from ${outbox_progress_0}), "
      "       (select count(*) from ${outbox_progress_1}), "
      "       coalesce((select min(upper - lower) from ${outbox_partition} "
      "                  where parent = '${outbox_receipt_run}'::regclass), 0)"));
  if (!rows) {
    return rows.error();
  }
  current_ = static_cast<int>(rows->int8(0, 0));
  appended_ = rows->int8(0, 1 + current_);
  receipts_ = ReceiptRuns{std::gcd(kRunSeqs, rows->int8(0, 3))};
  return {};
}

Result<void> Settler::settle(const Settlement& settlement,
                             const std::vector<SharedPosition>* positions, const How& how) {
  if (positions != nullptr && appended_ >= kRowsPerTable) {
    // In a transaction of its own: its lock must not be held while a settlement is written.
    if (Result<void> rotated = rotate(); !rotated) {
      return rotated;
    }
  }
  const bool durably = settlement.exceptional() || how.durably;
  if (!durably && !how.also) {
    return store(settlement, positions);
  }
  Result<pg::Tx> tx = pg::Tx::begin(*connection_);
  if (!tx) {
    return std::move(tx).error();
  }
  if (durably) {
    if (Result<void> begun = begin_durably(); !begun) {
      return begun;
    }
  }
  if (Result<void> owned = lock_fence(); !owned) {
    return owned;
  }
  // First, as dead letters are copied from there.
  if (how.left != nullptr) {
    if (Result<void> kept = kept_.store(*how.left); !kept) {
      return kept;
    }
  }
  if (Result<void> stored = exceptions_.store(settlement); !stored) {
    return stored;
  }
  if (Result<void> stored = store(settlement, positions); !stored) {
    return stored;
  }
  if (how.also) {
    if (Result<void> done = how.also(); !done) {
      return done;
    }
  }
  return tx->commit();
}

Result<void> Settler::store(const Settlement& settlement,
                            const std::vector<SharedPosition>* positions) {
  receipts_.build(kept_of(settlement));
  const std::int64_t moved = add_progress(positions != nullptr ? *positions : positions_);
  params_.clear();
  params_.text(fence_.owner).int8(fence_.epoch).int8(as_bits(fence_.shards));
  receipts_.add_to(params_);
  params_.int8(n_).array(progress_.shards).array(progress_.from).array(progress_.to);
  params_.array(progress_.last_seqs).array(progress_.lsns);
  const Result<pg::Rows> stored =
      connection_->query_prepared(current_ == 0 ? "settle_0" : "settle_1", params_);
  if (!stored) {
    return stored.error();
  }
  if (!stored->boolean(0, 0)) {
    return taken_over();
  }
  n_ += moved;
  appended_ += moved;
  if (positions != nullptr) {
    positions_ = *positions;
  }
  return {};
}

// Those of what had an exception tell, together with its key's range, what has not been sent yet.
std::span<const Receipt> Settler::kept_of(const Settlement& settlement) {
  if (keeps_receipts_) {
    return settlement.delivered;
  }
  const std::unordered_set<std::int64_t> resolved{settlement.resolved.begin(),
                                                  settlement.resolved.end()};
  kept_receipts_.clear();
  std::copy_if(settlement.delivered.begin(), settlement.delivered.end(),
               std::back_inserter(kept_receipts_),
               [&](const Receipt& receipt) { return resolved.count(receipt.seq) != 0; });
  return kept_receipts_;
}

std::int64_t Settler::add_progress(const std::vector<SharedPosition>& positions) {
  progress_.clear();
  std::int64_t moved = 0;
  for (const SharedPosition& position : positions) {
    if (std::find(positions_.begin(), positions_.end(), position) == positions_.end()) {
      progress_.add(position);
      ++moved;
    }
  }
  return moved;
}

Result<Batch> Settler::claim_due(std::size_t limit, std::size_t max_bytes) {
  Result<Batch> batch = exceptions_.claim_due(limit, max_bytes);
  if (!batch || !batch->records.empty()) {
    return batch;
  }
  const Result<bool> gone = exceptions_.misses_rows();
  if (!gone) {
    return gone.error();
  }
  if (*gone) {
    if (Result<void> given_up = give_up_gone(limit); !given_up) {
      return std::move(given_up).error();
    }
  }
  return batch;
}

// As a settlement that skips them.
Result<void> Settler::give_up_gone(std::size_t limit) {
  Result<pg::Tx> tx = pg::Tx::begin(*connection_);
  if (!tx) {
    return std::move(tx).error();
  }
  if (Result<void> begun = begin_durably(); !begun) {
    return begun;
  }
  if (Result<void> owned = lock_fence(); !owned) {
    return owned;
  }
  if (Result<void> given_up = exceptions_.give_up_gone(limit); !given_up) {
    return given_up;
  }
  return tx->commit();
}

Result<void> Settler::begin_durably() {
  const Result<pg::Rows> set = connection_->exec(synchronous_sql());
  return set ? Result<void>{} : Result<void>{set.error()};
}

Result<void> Settler::rotate() {
  Result<pg::Tx> tx = pg::Tx::begin(*connection_);
  if (!tx) {
    return std::move(tx).error();
  }
  if (Result<void> owned = lock_fence(); !owned) {
    return owned;
  }
  const Result<pg::Rows> rotated =
      connection_->exec(rotate_sql_.at(static_cast<std::size_t>(current_)));
  if (!rotated && rotated.error().code == ErrorCode::timeout) {
    // Someone reads it just now: try again a little later.
    appended_ = kRowsPerTable - kRowsPerTable / 10;
    return {};
  }
  if (!rotated) {
    return rotated.error();
  }
  Result<void> committed = tx->commit();
  if (committed) {
    current_ = 1 - current_;
    appended_ = 0;
  }
  return committed;
}

// Within a transaction: nobody can take over before it ends.
Result<void> Settler::lock_fence() {
  pg::Params fence;
  fence.text(fence_.owner).int8(fence_.epoch).int8(as_bits(fence_.shards));
  const Result<pg::Rows> held = connection_->query_prepared("lock_fence", fence);
  if (!held) {
    return held.error();
  }
  return held->boolean(0, 0) ? Result<void>{} : Result<void>{taken_over()};
}

}  // namespace outbox::postgres_table
