#include "sources/sqlite/status_reader.hpp"

#include <algorithm>
#include <chrono>

namespace outbox::sqlite {
namespace {

// All in one statement, so that it is one look. Parameter: one more than is counted.
constexpr std::string_view kStatus = R"(
  select (select count(*) from (select 1 from outbox where seq > p.last_seq limit ?1)),
         (select min(seq) from outbox where seq > p.last_seq),
         (select max(seq) from outbox),
         (select created_at from outbox where seq > p.last_seq order by seq limit 1),
         (select count(*) from (select 1 from outbox_exception
                                 where holds_key = 1 and state = 'retrying' limit ?1)),
         (select count(*) from (select 1 from outbox_exception where state = 'held' limit ?1)),
         (select count(*) from (select 1 from outbox_exception where state = 'dead' limit ?1)),
         p.owner, p.epoch
    from outbox_position p)";

// 64 of 64, as long as a relay has ever connected: a file has one relay.
constexpr std::int64_t kShards = 64;

std::int64_t age_ms(std::int64_t created_at_us) {
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  return std::max<std::int64_t>(0, (now.count() - created_at_us) / 1'000);
}

}  // namespace

Result<SourceStatus> StatusReader::read() {
  const std::lock_guard lock{mutex_};
  if (!database_) {
    Result<Database> opened =
        Database::open(path_, {.busy_timeout = std::chrono::milliseconds{500}});
    if (!opened) {
      return std::move(opened).error();
    }
    database_.emplace(*std::move(opened));
  }
  Result<SourceStatus> status = query();
  if (!status) {
    database_.reset();
  }
  return status;
}

Result<SourceStatus> StatusReader::query() {
  Result<Statement> row = database_->prepare(kStatus);
  if (!row) {
    return std::move(row).error();
  }
  const Result<bool> found = row->bind(SourceStatus::kCountLimit + 1).step();
  if (!found) {
    return found.error();
  }
  SourceStatus status;
  status.pending = row->int8(0);
  if (status.pending > SourceStatus::kCountLimit) {
    status.pending_is_estimate = true;
    status.pending = std::max(status.pending, row->int8(2) - row->int8(1) + 1);
  }
  status.last_seq = row->int8(2);
  status.oldest_pending_age_ms = row->is_null(3) ? 0 : age_ms(row->int8(3));
  status.retrying = row->int8(4);
  status.held_keys = row->int8(5);
  status.dead = row->int8(6);
  status.owner = row->text(7);
  status.epoch = row->int8(8);
  status.shards = status.epoch > 0 ? kShards : 0;
  return status;
}

}  // namespace outbox::sqlite
