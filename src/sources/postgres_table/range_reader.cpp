#include "sources/postgres_table/range_reader.hpp"

#include <algorithm>
#include <utility>

namespace outbox::postgres_table {
namespace {

// No transaction stays open between the statements, and none of them may flip to a plan that reads
// what is retained, whatever the planner believes of an empty or freshly analyzed table. Therefore
// each statement also asks for an order that only the index which it is to use can give.
constexpr const char* kSession = R"(
  set plan_cache_mode = force_generic_plan;
  set enable_seqscan = off;
  set enable_bitmapscan = off;
  set enable_sort = off;
  set max_parallel_workers_per_gather = 0;
  set jit = off;
  set default_transaction_isolation = 'read committed')";

// A new snapshot; it is the one that this statement itself reads with.
constexpr const char* kSnapshot = "select pg_current_snapshot()::text";

// seq + 0 keeps the planner from turning min and max into a walk along the seq index past
// everything that is retained. Parameters: from, to.
constexpr const char* kBounds = R"(
  select r.lo, r.hi,
         (select array_agg(x)::text from pg_snapshot_xip($1::pg_snapshot) x
           where pg_visible_in_snapshot(x, $2::pg_snapshot)
             and (select true from ${outbox}
                   where (xid, seq) >= (x, 0) and (xid, seq) <= (x, 9223372036854775807)
                   order by xid, seq limit 1))
    from (select min(seq + 0) as lo, max(seq + 0) as hi from ${outbox}
           where xid >= pg_snapshot_xmax($1::pg_snapshot)
             and xid < pg_snapshot_xmax($2::pg_snapshot)) r)";

// Parameters: seq to read after, hi, xmax(from), to, rows.
constexpr const char* kNewRows = R"(
  from ${outbox} o
 where o.seq > $1::bigint and o.seq <= $2::bigint
   and o.xid >= $3::xid8 and pg_visible_in_snapshot(o.xid, $4::pg_snapshot)
 order by o.seq limit $5::bigint)";

// Parameters: as above, then the late xids and the seq to read them after. Each of many large late
// transactions could fill the page, so first a seq is found up to which all of them together do.
constexpr const char* kLateRows = R"(
  from unnest($6::xid8[]) x
 cross join lateral (
   select * from ${outbox}
    where (xid, seq) > (x, $7::bigint)
      and (xid, seq) <= (x, coalesce((
            select s.seq
              from unnest($6::xid8[]) y
             cross join lateral (
               select seq from ${outbox}
                where (xid, seq) > (y, $7::bigint) and (xid, seq) <= (y, 9223372036854775807)
                order by xid, seq limit $5::bigint) s
             order by s.seq offset $5::bigint - 1 limit 1), 9223372036854775807))
    order by xid, seq limit $5::bigint) o)";

// How many rows like those of this page the limit on bytes admits. Asking for more would have the
// server read in vain, and cost a cancellation.
std::size_t rows_that_fit(const Batch& batch, std::size_t bytes) {
  std::size_t used = 1;
  for (const Record& record : batch.records) {
    used += record.aggregate_type.size() + record.key.size() + record.type.size() +
            record.payload.size() + record.headers.size();
  }
  return 1 + bytes / (1 + used / batch.records.size());
}

}  // namespace

Result<RangeReader> RangeReader::make(pg::Connection& connection, const Tables& tables,
                                      Position position) {
  const std::string columns = std::string{"select "} + kRecordColumns;
  const std::string with_late = "select * from ((" + columns + kNewRows + ") union all (" +
                                columns + kLateRows + ")) o order by o.seq limit $5::bigint";
  if (Result<pg::Rows> set = connection.exec(kSession); !set) {
    return std::move(set).error();
  }
  const std::pair<const char*, std::string> statements[] = {
      {"snapshot", kSnapshot},
      {"bounds", tables.sql(kBounds)},
      {"page", tables.sql(columns + kNewRows)},
      {"page_with_late", tables.sql(with_late)},
  };
  for (const auto& [name, sql] : statements) {
    if (Result<void> prepared = connection.prepare(name, sql); !prepared) {
      return std::move(prepared).error();
    }
  }
  return RangeReader{connection, std::move(position)};
}

Result<RangeReader::Page> RangeReader::next(const ReadLimits& limits) {
  // A range whose last page was full ends with an empty one; then a new range is looked at.
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (!position_.to) {
      if (Result<void> opened = open_range(); !opened) {
        return std::move(opened).error();
      }
    }
    if (!bounds_known_) {
      if (Result<void> found = find_bounds(); !found) {
        return std::move(found).error();
      }
    }
    Page page;
    const bool nothing = lo_ > hi_ && late_.empty();
    const ReadLimits adapted{std::min(limits.rows, page_rows_), limits.bytes};
    if (!nothing) {
      Result<Batch> batch = read_page(adapted);
      if (!batch) {
        return std::move(batch).error();
      }
      page.batch = *std::move(batch);
    }
    const std::size_t rows = page.batch.records.size();
    if (page.batch.truncated || (!nothing && rows == adapted.rows)) {
      position_.last_seq = page.batch.records.back().seq;
    } else {
      close_range();
    }
    if (rows > 0) {
      page_rows_ = rows_that_fit(page.batch, limits.bytes);
    }
    if (rows > 0 || nothing || attempt == 1) {
      page.after = position_;
      return page;
    }
  }
  return Error{ErrorCode::internal, "unreachable"};
}

Result<void> RangeReader::open_range() {
  const Result<pg::Rows> rows = connection_->query_prepared("snapshot");
  if (!rows) {
    return rows.error();
  }
  Result<Snapshot> snapshot = Snapshot::parse(rows->text(0, 0));
  if (!snapshot) {
    return std::move(snapshot).error();
  }
  position_.to = *std::move(snapshot);
  position_.last_seq = 0;
  bounds_known_ = false;
  return {};
}

Result<void> RangeReader::find_bounds() {
  lo_ = 1;
  hi_ = 0;
  late_.clear();
  bounds_known_ = true;
  if (position_.from.text == position_.to->text) {
    return {};  // nothing has ended since
  }
  pg::Params params;
  params.text(position_.from.text).text(position_.to->text);
  const Result<pg::Rows> rows = connection_->query_prepared("bounds", params);
  if (!rows) {
    bounds_known_ = false;
    return rows.error();
  }
  if (!rows->is_null(0, 0)) {
    lo_ = rows->int8(0, 0);
    hi_ = rows->int8(0, 1);
  }
  late_ = rows->text(0, 2);
  return {};
}

Result<Batch> RangeReader::read_page(const ReadLimits& limits) {
  pg::Params params;
  params.int8(std::max(position_.last_seq, lo_ - 1))
      .int8(hi_)
      .text(std::to_string(position_.from.xmax))
      .text(position_.to->text)
      .int8(static_cast<std::int64_t>(limits.rows));
  if (late_.empty()) {
    return read_records(*connection_, "page", params, limits);
  }
  params.text(late_).int8(position_.last_seq);
  return read_records(*connection_, "page_with_late", params, limits);
}

void RangeReader::close_range() {
  position_.from = *std::move(position_.to);
  position_.to.reset();
  position_.last_seq = 0;
  bounds_known_ = false;
}

}  // namespace outbox::postgres_table
