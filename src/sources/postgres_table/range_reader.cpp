#include "sources/postgres_table/range_reader.hpp"

#include <algorithm>
#include <utility>

#include "mutants/mutant.hpp"
#include "sources/postgres_table/position_arrays.hpp"

namespace outbox::postgres_table {

using mutant::Mutant;

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

// The snapshot that a statement itself reads with, and a mutant's: everything below the oldest
// transaction, in the order of transactions.
constexpr const char* kOwnSnapshot = "pg_current_snapshot()";
constexpr const char* kXminSnapshot =
    "(select format('%s:%s:', x, x)::pg_snapshot from pg_snapshot_xmin(pg_current_snapshot()) x)";

// @ is for a snapshot. Whether the table is still to be read: whoever deletes rows at once, as one
// may when the log is read, does so only after.
constexpr const char* kSnapshot = "select @::text, (select mode = 'table' from ${outbox_control})";

// seq + 0 keeps the planner from turning min and max into a walk along the seq index past
// everything that is retained. Parameter: from; @ is for to.
constexpr const char* kBounds = R"(
  select r.lo, r.hi,
         (select array_agg(x)::text from pg_snapshot_xip($1::pg_snapshot) x
           where pg_visible_in_snapshot(x, @)
             and (select true from ${outbox}
                   where (xid, seq) >= (x, 0) and (xid, seq) <= (x, 9223372036854775807)
                   order by xid, seq limit 1)) as late
    from (select min(seq + 0) as lo, max(seq + 0) as hi from ${outbox}
           where xid >= pg_snapshot_xmax($1::pg_snapshot)
             and xid < pg_snapshot_xmax(@)) r)";

// Parameters: seq to read after, hi, xmax(from), to, rows. @ is for a condition on the shard.
constexpr const char* kNewRows = R"(
  from ${outbox} o
 where o.seq > $1::bigint and o.seq <= $2::bigint
   and o.xid >= $3::xid8 and pg_visible_in_snapshot(o.xid, $4::pg_snapshot) @
 order by o.seq limit $5::bigint)";

// Parameters: as above, then the late xids and the seq to read them after. Each of many large late
// transactions could fill the page, so first a seq is found up to which all of them together do.
constexpr const char* kLateRows = R"(
  from unnest($6::xid8[]) x
 cross join lateral (
   select * from ${outbox} o
    where (xid, seq) > (x, $7::bigint) @
      and (xid, seq) <= (x, coalesce((
            select s.seq
              from unnest($6::xid8[]) y
             cross join lateral (
               select seq from ${outbox} o
                where (xid, seq) > (y, $7::bigint) and (xid, seq) <= (y, 9223372036854775807) @
                order by xid, seq limit $5::bigint) s
             order by s.seq offset $5::bigint - 1 limit 1), 9223372036854775807))
    order by xid, seq limit $5::bigint) o)";

// All of a small range, late or new, by one pass over the index of (xid, seq); the order of seq is
// made afterwards. Parameters: from, shards, rows. @ is for to.
constexpr const char* kGlanceRows = R"(
  left join lateral (
   select * from ${outbox}
    where xid >= pg_snapshot_xmin($1::pg_snapshot) and xid < pg_snapshot_xmax(@)
      and not pg_visible_in_snapshot(xid, $1::pg_snapshot) and pg_visible_in_snapshot(xid, @)
      and ($2::bigint >> shard::integer) & 1 = 1
    order by xid, seq limit $3::bigint) o on true)";
constexpr std::size_t kMostInGlance = 256;
// What of these `from` sees is passed again each time, so they must be few.
constexpr std::uint64_t kMostXidsInGlance = 256;

// The columns behind a record's.
enum GlanceColumn : int { kTo = kRecordColumnCount, kReadsTable };

// With `part` where the SQL has an @.
std::string with(std::string sql, const std::string& part) {
  for (std::size_t at = sql.find('@'); at != std::string::npos; at = sql.find('@')) {
    sql.replace(at, 1, part);
  }
  return sql;
}

// A new snapshot and what became visible in it, in one statement: each costs a round trip, and
// a message that has just been committed waits for all of them.
std::string look_sql(const std::string& snapshot) {
  return with(std::string{kSnapshot} + ", b.lo, b.hi, b.late from (" + kBounds + ") b", snapshot);
}

// A new snapshot and, where that is little, everything that became visible in it.
std::string glance_sql(const std::string& snapshot) {
  return with(
      std::string{"select "} + kRecordColumns + ", l.* from (" + kSnapshot + ") l" + kGlanceRows,
      snapshot);
}

// What kSnapshot gives; nothing when the table is not to be read any more.
Result<std::optional<Snapshot>> snapshot_of(const pg::Rows& rows, int column) {
  if (rows.is_null(0, column + 1) || !rows.boolean(0, column + 1)) {
    return std::optional<Snapshot>{};
  }
  Result<Snapshot> snapshot = Snapshot::parse(rows.text(0, column));
  return snapshot ? Result<std::optional<Snapshot>>{*std::move(snapshot)}
                  : Result<std::optional<Snapshot>>{std::move(snapshot).error()};
}

// How many rows like those of this page the limit on bytes surely admits. Asking for more would
// have the server read in vain, and cost a cancellation.
std::size_t rows_that_fit(const Batch& batch, std::size_t bytes) {
  std::size_t used = 1;
  for (const Record& record : batch.records) {
    used += record.aggregate_type.size() + record.key.size() + record.type.size() +
            record.payload.size() + record.headers.size();
  }
  return 1 + (bytes - bytes / 8) / (1 + used / batch.records.size());
}

}  // namespace

Result<RangeReader> RangeReader::make(pg::Connection& connection, const Tables& tables,
                                      std::vector<SharedPosition> positions,
                                      std::optional<Snapshot> until) {
  const std::string columns = std::string{"select "} + kRecordColumns;
  std::string page = columns + kNewRows;
  if (mutant::on(Mutant::xmin_cursor)) {
    page.replace(page.find("order by o.seq"), 14, "order by o.xid, o.seq");
  }
  const std::string with_late = "select * from ((" + page + ") union all (" + columns + kLateRows +
                                ")) o order by o.seq limit $5::bigint";
  if (Result<pg::Rows> set = connection.exec(kSession); !set) {
    return std::move(set).error();
  }
  const char* const own = mutant::on(Mutant::xmin_cursor) ? kXminSnapshot : kOwnSnapshot;
  const std::pair<const char*, std::string> statements[] = {
      {"glance", tables.sql(glance_sql(own))},
      {"look", tables.sql(look_sql(own))},
      {"snapshot", tables.sql(with(kSnapshot, own))},
      {"bounds", tables.sql(with(kBounds, "$2::pg_snapshot"))},
      // Of all shards: a condition would cost something and say nothing.
      {"page", tables.sql(with(page, ""))},
      {"page_with_late", tables.sql(with(with_late, ""))},
      {"page_of_shards", tables.sql(with(page, "and ($6::bigint >> o.shard::integer) & 1 = 1"))},
      {"page_of_shards_with_late",
       tables.sql(with(with_late, "and ($8::bigint >> o.shard::integer) & 1 = 1"))},
  };
  for (const auto& [name, sql] : statements) {
    if (Result<void> prepared = connection.prepare(name, sql); !prepared) {
      return std::move(prepared).error();
    }
  }
  RangeReader reader{connection, std::move(positions)};
  if (until) {
    reader.meeting_point_ = std::move(until);
    reader.ends_ = true;
  } else if (reader.groups_.size() > 1) {
    Result<std::optional<Snapshot>> snapshot = reader.take_snapshot();
    if (!snapshot) {
      return std::move(snapshot).error();
    }
    if (!*snapshot) {
      return Error{ErrorCode::conflict, "the write-ahead log is to be read from now on"};
    }
    reader.meeting_point_ = *std::move(snapshot);
  }
  return reader;
}

Result<RangeReader::Page> RangeReader::next(const ReadLimits& limits) {
  // A range whose last page was full ends with an empty one; then a new range is looked at. While
  // groups catch up, each may have nothing.
  const std::size_t most = 2 * (groups_.size() + 1);
  for (std::size_t attempt = 0; attempt < most && !at_end(); ++attempt) {
    if (!position().to && may_glance()) {
      Result<std::optional<Page>> page = glance(limits);
      if (!page || *page) {
        return page ? Result<Page>{**std::move(page)} : Result<Page>{std::move(page).error()};
      }
    }
    if (!position().to) {
      const Result<bool> opened = open_range();
      if (!opened) {
        return opened.error();
      }
      if (!*opened) {
        break;
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
    const bool alone = !meeting_point_;
    if (page.batch.truncated || (!nothing && rows == adapted.rows)) {
      position().last_seq = page.batch.records.back().seq;
      page.batch.behind = true;  // the rest of the range was there when this page was read
    } else {
      close_range();
    }
    if (rows > 0) {
      page_rows_ = rows_that_fit(page.batch, limits.bytes);
    }
    if (rows > 0 || (nothing && alone) || attempt + 1 == most) {
      page.after = groups_;
      return page;
    }
  }
  return Page{{}, groups_};
}

Result<std::optional<Snapshot>> RangeReader::take_snapshot() {
  const Result<pg::Rows> rows = connection_->query_prepared("snapshot");
  return rows ? snapshot_of(*rows, 0) : Result<std::optional<Snapshot>>{rows.error()};
}

// Where several groups or a meeting point are, ranges do not end at a new snapshot.
bool RangeReader::may_glance() const {
  const Snapshot& from = groups_[current_].at.from;
  return !meeting_point_ && from.xmin() >= glances_begin_ &&
         from.xmax - from.xmin() <= kMostXidsInGlance && !mutant::on(Mutant::xmin_cursor) &&
         !mutant::on(Mutant::id_cursor);
}

std::size_t RangeReader::most_in_glance() const {
  return std::min(kMostInGlance, page_rows_);
}

Result<std::optional<RangeReader::Page>> RangeReader::glance(const ReadLimits& limits) {
  const std::size_t most = std::min(limits.rows, most_in_glance());
  pg::Params params;
  params.text(position().from.text)
      .int8(as_bits(groups_[current_].shards))
      .int8(static_cast<std::int64_t>(most));
  Result<std::optional<Snapshot>> to{std::nullopt};
  const auto take_snapshot = [&](const pg::Rows& row, const Record*, const Arena&) {
    if (to && !*to) {
      to = snapshot_of(row, kTo);
    }
  };
  Result<Batch> batch =
      read_records(*connection_, "glance", params, {most, limits.bytes}, take_snapshot);
  if (!batch || !to) {
    return batch ? std::move(to).error() : std::move(batch).error();
  }
  if (!*to) {
    return std::optional{Page{{}, groups_}};
  }
  if (!batch->records.empty()) {
    page_rows_ = rows_that_fit(*batch, limits.bytes);
  }
  if (batch->truncated || batch->records.size() == most) {
    glances_begin_ = kNever;
    return std::optional<Page>{};
  }
  std::ranges::sort(batch->records, {}, &Record::seq);
  batch->caught_up = true;
  newest_ = **to;
  position().from = **std::move(to);
  return std::optional{Page{*std::move(batch), groups_}};
}

Result<bool> RangeReader::open_range() {
  if (meeting_point_) {
    position().to = *meeting_point_;
    bounds_known_ = false;
  } else {
    const Result<pg::Rows> rows =
        connection_->query_prepared("look", pg::Params{}.text(position().from.text));
    Result<std::optional<Snapshot>> snapshot =
        rows ? snapshot_of(*rows, 0) : Result<std::optional<Snapshot>>{rows.error()};
    if (!snapshot) {
      return std::move(snapshot).error();
    }
    if (!*snapshot) {
      return false;
    }
    position().to = **std::move(snapshot);
    take_bounds(*rows, 2);
    if (hi_ - lo_ >= static_cast<std::int64_t>(most_in_glance())) {
      glances_begin_ = kNever;
    } else if (glances_begin_ == kNever) {
      glances_begin_ = position().to->xmax;
    }
  }
  newest_ = *position().to;
  position().last_seq = 0;
  return true;
}

Result<void> RangeReader::find_bounds() {
  const Result<pg::Rows> rows = connection_->query_prepared(
      "bounds", pg::Params{}.text(position().from.text).text(position().to->text));
  if (!rows) {
    return rows.error();
  }
  take_bounds(*rows, 0);
  return {};
}

void RangeReader::take_bounds(const pg::Rows& rows, int column) {
  const bool any = !rows.is_null(0, column);
  lo_ = any ? rows.int8(0, column) : 1;
  hi_ = any ? rows.int8(0, column + 1) : 0;
  late_ = mutant::on(Mutant::id_cursor) ? std::string{} : std::string{rows.text(0, column + 2)};
  bounds_known_ = true;
}

Result<Batch> RangeReader::read_page(const ReadLimits& limits) {
  const std::uint64_t shards = groups_[current_].shards;
  const bool all = shards == kAllShards;
  pg::Params params;
  params.int8(std::max(position().last_seq, lo_ - 1))
      .int8(hi_)
      .text(std::to_string(position().from.xmax))
      .text(position().to->text)
      .int8(static_cast<std::int64_t>(limits.rows));
  if (!late_.empty()) {
    params.text(late_).int8(position().last_seq);
  }
  if (!all) {
    params.int8(as_bits(shards));
  }
  const std::string statement =
      std::string{all ? "page" : "page_of_shards"} + (late_.empty() ? "" : "_with_late");
  return read_records(*connection_, statement, params, limits);
}

void RangeReader::close_range() {
  position().from = *std::move(position().to);
  position().to.reset();
  position().last_seq = 0;
  bounds_known_ = false;
  if (meeting_point_ && position().from.text == meeting_point_->text) {
    next_group();
  }
}

void RangeReader::next_group() {
  if (++current_ < groups_.size()) {
    return;
  }
  for (std::size_t i = 1; i < groups_.size(); ++i) {
    groups_[0].shards |= groups_[i].shards;
  }
  groups_.resize(1);
  current_ = 0;
  meeting_point_.reset();
}

}  // namespace outbox::postgres_table
