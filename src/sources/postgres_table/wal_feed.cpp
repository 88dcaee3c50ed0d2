#include "sources/postgres_table/wal_feed.hpp"

#include <algorithm>
#include <utility>

namespace outbox::postgres_table {

using postgres_wal::Lsn;
using postgres_wal::WalReader;

namespace {

constexpr std::chrono::seconds kMarkInterval{1};
// The log grows also by what is not ours, and by what this relay itself writes when it stores how
// far it has come.
constexpr std::chrono::seconds kIdleInterval{5};

constexpr const char* kMark =
    "select pg_current_snapshot()::text, pg_current_wal_insert_lsn()::text";

}  // namespace

Result<std::unique_ptr<WalFeed>> WalFeed::make(pg::Connection connection, const Tables& tables,
                                               const std::string& url, Mode mode,
                                               std::vector<SharedPosition> positions) {
  std::unique_ptr<WalFeed> feed{new WalFeed{std::move(connection), tables, url, std::move(mode)}};
  if (Result<void> begun = feed->begin(std::move(positions)); !begun) {
    return std::move(begun).error();
  }
  return feed;
}

Result<void> WalFeed::begin(std::vector<SharedPosition> positions) {
  const Position& first = positions.front().at;
  if (positions.size() == 1 && !first.to && first.lsn >= mode_.slot_lsn) {
    return stream(first);
  }
  Result<Mark> now = mark();
  if (!now) {
    return std::move(now).error();
  }
  running_ = std::move(now->snapshot.in_progress);
  pg::ConnectOptions options;
  options.application_name = "outbox-processor read";
  Result<pg::Connection> connection = pg::Connection::connect(url_, options);
  if (!connection) {
    return std::move(connection).error();
  }
  Result<std::unique_ptr<TableFeed>> table =
      TableFeed::make(*std::move(connection), tables_, std::move(positions));
  if (!table) {
    return std::move(table).error();
  }
  table_ = *std::move(table);
  return {};
}

Result<void> WalFeed::stream(const Position& from) {
  if (Result<void> claimed = claim_slot(connection_, mode_, from.lsn); !claimed) {
    return claimed;
  }
  at_ = from;
  *stored_ = from.lsn;
  postgres_wal::WalReaderOptions options;
  options.stream.url = url_;
  options.stream.application_name = "outbox-processor wal";
  options.stream.slot = mode_.slot;
  options.stream.publication = publication_of(tables_);
  options.schema = tables_.schema();
  options.table = tables_.table();
  options.after_seq = from.last_seq;
  Result<std::unique_ptr<WalReader>> log = WalReader::start(
      options, from.lsn, [known = from.from](std::uint64_t xid) { return known.sees(xid); },
      stored_);
  if (!log) {
    return std::move(log).error();
  }
  log_ = *std::move(log);
  return {};
}

Result<Feed::Page> WalFeed::next(const ReadLimits& limits) {
  if (table_) {
    return next_of_table(limits);
  }
  Result<postgres_wal::WalPage> read = log_->next(limits.rows, limits.bytes);
  if (!read) {
    return std::move(read).error();
  }
  const bool found = !read->batch.records.empty();
  if (Result<void> moved = move(found, *read); !moved) {
    return std::move(moved).error();
  }
  return Page{std::move(read->batch), {SharedPosition{kAllShards, at_}}};
}

Result<Feed::Page> WalFeed::next_of_table(const ReadLimits& limits) {
  Result<Page> page = table_->next(limits);
  if (!page || page->after.size() != 1 || page->after.front().at.to) {
    return page;
  }
  Position& reached = page->after.front().at;
  std::erase_if(running_, [&](std::uint64_t xid) { return reached.from.sees(xid); });
  if (running_.empty()) {
    reached.lsn = mode_.slot_lsn;
    if (Result<void> streaming = stream(reached); !streaming) {
      return std::move(streaming).error();
    }
    table_.reset();
  }
  return page;
}

Result<WalFeed::Mark> WalFeed::mark() {
  const Result<pg::Rows> rows = connection_.exec(kMark);
  if (!rows) {
    return rows.error();
  }
  Result<Snapshot> snapshot = Snapshot::parse(rows->text(0, 0));
  if (!snapshot) {
    return std::move(snapshot).error();
  }
  const Result<Lsn> end = postgres_wal::to_lsn(rows->text(0, 1));
  if (!end) {
    return end.error();
  }
  return Mark{*std::move(snapshot), *end};
}

// The log was read up to the page's end, and whether that found any record.
Result<void> WalFeed::move(bool found, const postgres_wal::WalPage& page) {
  const Lsn lsn = page.lsn;
  const Clock::time_point now = Clock::now();
  const bool passed = mark_ && lsn >= mark_->end;
  if (passed) {
    at_.from = std::move(mark_->snapshot);
    mark_.reset();
  }
  if (found || passed || now - moved_ >= kIdleInterval) {
    at_.lsn = std::max(at_.lsn, lsn);
    at_.last_seq = page.open_seq;
    moved_ = now;
  }
  unmarked_ |= found;
  if (unmarked_ && !mark_ && (!found || now - marked_ >= kMarkInterval)) {
    Result<Mark> taken = mark();
    if (!taken) {
      return std::move(taken).error();
    }
    mark_ = *std::move(taken);
    marked_ = now;
    unmarked_ = false;
  }
  return {};
}

Result<void> WalFeed::await_work(std::chrono::milliseconds timeout, const std::stop_token& stop) {
  if (table_) {
    return table_->await_work(timeout, stop);
  }
  log_->await_work(timeout, stop);
  return {};
}

void WalFeed::stored(const std::vector<SharedPosition>& positions) {
  const Lsn lsn = positions.front().at.lsn;
  Lsn known = *stored_;
  while (known < lsn && !stored_->compare_exchange_weak(known, lsn)) {
  }
}

}  // namespace outbox::postgres_table
