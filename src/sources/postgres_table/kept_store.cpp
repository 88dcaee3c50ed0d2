#include "sources/postgres_table/kept_store.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <thread>

#include "sources/postgres_table/position.hpp"

namespace outbox::postgres_table {
namespace {

// In one statement; what was read ahead may be more.
constexpr std::size_t kRowsAtOnce = 5'000;

constexpr std::chrono::milliseconds kVisibleWait{1'000};
constexpr std::chrono::milliseconds kVisiblePause{1};

constexpr const char* kPayloadType = R"(
  select format_type(atttypid, atttypmod) from pg_attribute
   where attrelid = '${outbox}'::regclass and attname = 'payload')";

// Parameters: seqs, ids, shards, times of writing, due times, aggregate types, keys, types,
// headers, payloads. @ is the payload's type.
constexpr const char* kKeep = R"(
  insert into ${outbox_kept} (seq, id, shard, created_at, available_at, aggregatetype, aggregateid,
                              type, headers, payload)
  select k.seq, k.id, k.shard, k.created_at, k.due_at, k.aggregatetype, k.key, k.type,
         k.headers::jsonb, k.payload::@
    from unnest($1::bigint[], $2::uuid[], $3::integer[], $4::timestamptz[], $5::timestamptz[],
                $6::text[], $7::text[], $8::text[], $9::text[], $10::%[])
           as k (seq, id, shard, created_at, due_at, aggregatetype, key, type, headers, payload)
   where not exists (select from ${outbox} o where o.seq = k.seq)
  on conflict do nothing)";

// The columns of the rows that are kept.
struct Columns {
  explicit Columns(bool bytea) : payloads(bytea ? pg::Type::bytea : pg::Type::text) {}

  void add(const Record& record) {
    seqs.int8(record.seq);
    ids.uuid(record.id);
    shards.int4(record.shard);
    created_at.unix_us(record.created_at_us);
    if (record.due_at_us != 0) {
      due_at.unix_us(record.due_at_us);
    } else {
      due_at.null();
    }
    aggregate_types.bytes(record.aggregate_type);
    keys.bytes(record.key);
    types.bytes(record.type);
    headers.bytes(record.headers);
    payloads.bytes(record.payload);
  }

  pg::Array seqs{pg::Type::int8};
  pg::Array ids{pg::Type::uuid};
  pg::Array shards{pg::Type::int4};
  pg::Array created_at{pg::Type::timestamptz};
  pg::Array due_at{pg::Type::timestamptz};
  pg::Array aggregate_types{pg::Type::text};
  pg::Array keys{pg::Type::text};
  pg::Array types{pg::Type::text};
  pg::Array headers{pg::Type::text};
  pg::Array payloads;
};

}  // namespace

Result<void> KeptStore::prepare(const Tables& tables) {
  const Result<pg::Rows> found = connection_->query(tables.sql(kPayloadType));
  if (!found) {
    return found.error();
  }
  if (found->empty()) {
    return Error{ErrorCode::wrong_history, "the outbox table has no column payload"};
  }
  const std::string type{found->text(0, 0)};
  payload_is_bytea_ = type == "bytea";
  std::string sql = tables.sql(kKeep);
  sql.replace(sql.find('@'), 1, type);
  sql.replace(sql.find('%'), 1, payload_is_bytea_ ? "bytea" : "text");
  return connection_->prepare("keep", sql);
}

Result<void> KeptStore::store(const Undelivered& left) {
  if (left.records.empty()) {
    return {};
  }
  const Result<void> visible = await_visible(left.xids);
  return visible ? keep(left.records) : visible;
}

// A commit is in the log before snapshots show it, and what has a row would seem to have none.
// Where it waits longer, for a standby as a rule, a copy is kept besides the row; who claims them
// takes one.
Result<void> KeptStore::await_visible(std::span<const std::uint64_t> xids) {
  const auto deadline = std::chrono::steady_clock::now() + kVisibleWait;
  for (;;) {
    const Result<pg::Rows> rows = connection_->exec("select pg_current_snapshot()");
    if (!rows) {
      return rows.error();
    }
    const Result<Snapshot> now = Snapshot::parse(rows->text(0, 0));
    if (!now) {
      return now.error();
    }
    const auto sees = [&](std::uint64_t xid) { return now->sees(xid); };
    if (std::all_of(xids.begin(), xids.end(), sees) ||
        std::chrono::steady_clock::now() >= deadline) {
      return {};
    }
    std::this_thread::sleep_for(kVisiblePause);
  }
}

Result<void> KeptStore::keep(std::span<const Record> records) {
  while (!records.empty()) {
    const std::span<const Record> some = records.first(std::min(records.size(), kRowsAtOnce));
    records = records.subspan(some.size());
    Columns columns{payload_is_bytea_};
    for (const Record& record : some) {
      columns.add(record);
    }
    pg::Params params;
    params.array(columns.seqs).array(columns.ids).array(columns.shards).array(columns.created_at);
    params.array(columns.due_at).array(columns.aggregate_types).array(columns.keys);
    params.array(columns.types).array(columns.headers).array(columns.payloads);
    if (const Result<pg::Rows> kept = connection_->query_prepared("keep", params); !kept) {
      return kept.error();
    }
  }
  return {};
}

}  // namespace outbox::postgres_table
