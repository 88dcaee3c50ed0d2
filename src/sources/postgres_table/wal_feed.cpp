#include "sources/postgres_table/wal_feed.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace outbox::postgres_table {

using postgres_wal::Lsn;
using postgres_wal::WalReader;

namespace {

constexpr std::chrono::milliseconds kVisibleInterval{20};

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
  until_ = mode_.slot_snapshot;
  for (const SharedPosition& position : positions) {
    until_ = united(until_, position.at.from);
    if (position.at.to) {
      until_ = united(until_, *position.at.to);
    }
  }
  before_ = std::move(positions);
  return {};
}

Result<bool> WalFeed::open_table() {
  const Result<WalPosition::Mark> now = mark();
  if (!now) {
    return now.error();
  }
  if (!covers(now->snapshot, mode_.slot_snapshot)) {
    return false;
  }
  pg::ConnectOptions options;
  options.application_name = "outbox-processor read";
  Result<pg::Connection> connection = pg::Connection::connect(url_, options);
  if (!connection) {
    return std::move(connection).error();
  }
  Result<std::unique_ptr<TableFeed>> table =
      TableFeed::make(*std::move(connection), tables_, before_, until_);
  if (!table) {
    return std::move(table).error();
  }
  table_ = *std::move(table);
  return true;
}

Result<void> WalFeed::stream(const Position& from) {
  if (Result<void> claimed = claim_slot(connection_, mode_, from.lsn); !claimed) {
    return claimed;
  }
  Result<std::string> emit_prefix = read_emit_prefix(connection_, tables_);
  if (!emit_prefix) {
    return std::move(emit_prefix).error();
  }
  reached_.emplace(from, [this] { return mark(); });
  *stored_ = from.lsn;
  postgres_wal::WalReaderOptions options;
  options.stream.url = url_;
  options.stream.application_name = "outbox-processor wal";
  options.stream.slot = mode_.slot;
  options.stream.publication = publication_of(tables_);
  options.schema = tables_.schema();
  options.table = tables_.table();
  options.emit_prefix = *std::move(emit_prefix);
  Result<std::unique_ptr<WalReader>> log = WalReader::start(
      options, from.lsn, from.last_seq,
      [known = from.from](std::uint64_t xid) { return known.sees(xid); }, stored_);
  if (!log) {
    return std::move(log).error();
  }
  log_ = *std::move(log);
  return {};
}

Result<Feed::Page> WalFeed::next(const ReadLimits& limits) {
  if (!log_) {
    return next_of_table(limits);
  }
  Result<postgres_wal::WalPage> read = log_->next(limits.rows, limits.bytes);
  if (!read) {
    return std::move(read).error();
  }
  if (Result<void> moved = reached_->move(*read, WalPosition::Clock::now()); !moved) {
    return std::move(moved).error();
  }
  return Page{
      std::move(read->batch), {SharedPosition{kAllShards, reached_->at()}}, std::move(read->xids)};
}

Result<Feed::Page> WalFeed::next_of_table(const ReadLimits& limits) {
  if (!table_) {
    const Result<bool> open = open_table();
    if (!open) {
      return open.error();
    }
    if (!*open) {
      return Page{{}, before_};
    }
  }
  Result<Page> page = table_->next(limits);
  if (page && table_->at_end()) {
    Position& reached = page->after.front().at;
    reached.lsn = mode_.slot_lsn;
    if (Result<void> streaming = stream(reached); !streaming) {
      return std::move(streaming).error();
    }
    table_.reset();
  }
  return page;
}

Result<WalPosition::Mark> WalFeed::mark() {
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
  return WalPosition::Mark{*std::move(snapshot), *end};
}

Result<void> WalFeed::await_work(std::chrono::milliseconds timeout, const std::stop_token& stop) {
  if (log_) {
    log_->await_work(timeout, stop);
    return {};
  }
  if (table_) {
    return table_->await_work(timeout, stop);
  }
  std::mutex mutex;
  std::unique_lock lock{mutex};
  std::condition_variable_any stopped;
  static_cast<void>(stopped.wait_for(lock, stop, std::min(timeout, kVisibleInterval),
                                     [&] { return stop.stop_requested(); }));
  return {};
}

void WalFeed::stored(const std::vector<SharedPosition>& positions) {
  const Lsn lsn = positions.front().at.lsn;
  Lsn known = *stored_;
  while (known < lsn && !stored_->compare_exchange_weak(known, lsn)) {
  }
}

}  // namespace outbox::postgres_table
