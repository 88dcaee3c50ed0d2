#include "sources/sqlite/exception_reader.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "outbox/shard.hpp"
#include "sources/sqlite/records.hpp"
#include "sources/sqlite/wall_clock.hpp"

namespace outbox::sqlite {
namespace {

constexpr std::string_view kHolding =
    "select state, seq, until_seq, key, attempts, due_at, last_error from outbox_exception "
    " where holds_key = 1 order by seq";

constexpr std::string_view kInRange =
    " from outbox o left join outbox_exception e on e.seq = o.seq and e.state <> 'held' "
    " where o.aggregateid = ? and o.seq between ? and min(?, ?) "
    "   and coalesce(e.state = 'retrying', "
    "                not exists (select 1 from outbox_receipt r where r.seq = o.seq)) "
    " order by o.seq limit ?";

constexpr std::string_view kDue =
    " from outbox_exception e join outbox o on o.seq = e.seq "
    " where e.state = 'delayed' and e.due_at <= ? order by e.due_at, e.seq limit ?";

Result<Statement> prepare_records(Database& database, std::string_view from) {
  return database.prepare(std::string{"select "} + std::string{kExceptionColumns} +
                          std::string{from});
}

FailedHead head_in(const Statement& row, std::string key, std::uint8_t shard, std::int64_t now) {
  const auto due_in = std::chrono::ceil<std::chrono::milliseconds>(
      std::chrono::microseconds{std::max<std::int64_t>(0, row.int8(5) - now)});
  return FailedHead{.seq = row.int8(1),
                    .shard = shard,
                    .key = std::move(key),
                    .attempts = static_cast<int>(row.int8(4)),
                    .due_in = due_in,
                    .error = std::string{row.text(6)},
                    .parked = row.text(0) == "dead"};
}

}  // namespace

ExceptionReader::ExceptionReader(Statement held, Statement in_range, Statement due)
    : holding_(std::move(held)), in_range_(std::move(in_range)), due_(std::move(due)) {}

Result<ExceptionReader> ExceptionReader::make(Database& database) {
  Result<Statement> holding = database.prepare(kHolding);
  if (!holding) {
    return std::move(holding).error();
  }
  Result<Statement> in_range = prepare_records(database, kInRange);
  if (!in_range) {
    return std::move(in_range).error();
  }
  Result<Statement> due = prepare_records(database, kDue);
  if (!due) {
    return std::move(due).error();
  }
  return ExceptionReader{*std::move(holding), *std::move(in_range), *std::move(due)};
}

Result<Exceptions> ExceptionReader::load() {
  const std::int64_t now = now_us();
  Exceptions exceptions;
  while (true) {
    const Result<bool> row = holding_.step();
    if (!row) {
      return row.error();
    }
    if (!*row) {
      return exceptions;
    }
    std::string key{holding_.text(3)};
    const std::uint8_t shard = shard_of(key);
    if (holding_.text(0) == "held") {
      exceptions.held.push_back(
          HeldRange{std::move(key), shard, holding_.int8(1), holding_.int8(2)});
    } else {
      exceptions.heads.push_back(head_in(holding_, std::move(key), shard, now));
    }
  }
}

Result<Batch> ExceptionReader::claim(std::span<const HeldRange> ranges, std::size_t limit_per_range,
                                     std::int64_t position, std::size_t max_bytes) {
  RecordReader reader{max_bytes};
  bool truncated = false;
  for (const HeldRange& range : ranges) {
    in_range_.bind(range.key).bind(range.from_seq).bind(range.until_seq).bind(position);
    in_range_.bind(static_cast<std::int64_t>(limit_per_range));
    const Result<bool> all = reader.read(in_range_);
    if (!all) {
      return all.error();
    }
    truncated = truncated || !*all;
  }
  Batch batch = reader.take();
  batch.truncated = truncated;
  return batch;
}

Result<Batch> ExceptionReader::claim_due(std::size_t limit, std::size_t max_bytes) {
  RecordReader reader{max_bytes};
  due_.bind(now_us()).bind(static_cast<std::int64_t>(limit));
  if (const Result<bool> read = reader.read(due_); !read) {
    return read.error();
  }
  return reader.take();
}

}  // namespace outbox::sqlite
