#include "sources/postgres_table/postgres_table_source.hpp"

#include <utility>

namespace outbox {
namespace {

using namespace postgres_table;

// Partitions are made ahead: eight of 10 million rows, so once in a while is often enough.
constexpr std::chrono::minutes kPartitionCheck{5};
// Long enough for the bounds of a backlog of hundreds of millions of rows.
constexpr std::chrono::minutes kLongestStatement{5};

Result<pg::Connection> open(const PostgresTableOptions& options, const char* role) {
  pg::ConnectOptions connect;
  connect.application_name = std::string{"outbox-processor "} + role;
  connect.statement_timeout = kLongestStatement;
  return pg::Connection::connect(options.url, connect);
}

}  // namespace

Result<Exceptions> PostgresTableSource::connect() {
  close();
  Position position;
  if (Result<void> connected = connect_writer(position); !connected) {
    close();
    return std::move(connected).error();
  }
  Result<Exceptions> exceptions = settler_->load_exceptions(*tables_);
  if (!exceptions) {
    close();
    return exceptions;
  }
  if (Result<void> connected = connect_reader(position); !connected) {
    close();
    return std::move(connected).error();
  }
  return exceptions;
}

Result<void> PostgresTableSource::connect_writer(Position& position) {
  Result<pg::Connection> connection = open(options_, "settle");
  if (!connection) {
    return std::move(connection).error();
  }
  writer_.emplace(*std::move(connection));
  Result<Tables> tables = Tables::find(*writer_, options_.table);
  if (!tables) {
    return std::move(tables).error();
  }
  tables_ = *std::move(tables);
  if (Result<void> locked = lock_outbox(*writer_, *tables_); !locked) {
    return locked;
  }
  Result<Position> loaded = load_position(*writer_, *tables_);
  if (!loaded) {
    return std::move(loaded).error();
  }
  if (Result<void> trusted = check_history(*writer_, *tables_, *loaded); !trusted) {
    return trusted;
  }
  Result<Fence> fence = take_shards(*writer_, *tables_, options_.owner);
  if (!fence) {
    return std::move(fence).error();
  }
  if (Result<void> added = add_partitions(); !added) {
    return added;
  }
  // Once more, now that the former owner's writes are refused.
  loaded = load_position(*writer_, *tables_);
  if (!loaded) {
    return std::move(loaded).error();
  }
  position = *std::move(loaded);
  Result<Settler> settler = Settler::make(*writer_, *tables_, *std::move(fence), position);
  if (!settler) {
    return std::move(settler).error();
  }
  settler_ = *std::move(settler);
  return {};
}

Result<void> PostgresTableSource::connect_reader(const Position& position) {
  Result<pg::Connection> connection = open(options_, "read");
  if (!connection) {
    return std::move(connection).error();
  }
  reader_.emplace(*std::move(connection));
  Result<RangeReader> ranges = RangeReader::make(*reader_, *tables_, position);
  if (!ranges) {
    return std::move(ranges).error();
  }
  ranges_ = *std::move(ranges);
  doorbell_.emplace(*reader_, *tables_);
  last_number_ = 0;
  return doorbell_->listen();
}

void PostgresTableSource::close() {
  if (doorbell_) {
    doorbell_->silence();
  }
  doorbell_.reset();
  ranges_.reset();
  reader_.reset();
  settler_.reset();
  // The server notices the end of a connection some time after it; the next owner need not wait. A
  // failure means that the connection is gone, and the lock with it.
  if (writer_ && writer_->alive()) {
    static_cast<void>(writer_->exec("select pg_advisory_unlock_all()"));
  }
  writer_.reset();
  const std::lock_guard lock{mutex_};
  positions_.clear();
}

Result<Batch> PostgresTableSource::claim(std::size_t limit) {
  Result<RangeReader::Page> page = ranges_->next(ReadLimits{limit, options_.max_batch_bytes});
  if (!page) {
    return std::move(page).error();
  }
  if (!page->batch.records.empty()) {
    if (Result<void> noted = doorbell_->work_found(); !noted) {
      return std::move(noted).error();
    }
  }
  page->batch.number = ++last_number_;
  const std::lock_guard lock{mutex_};
  positions_.emplace_back(last_number_, std::move(page->after));
  return std::move(page->batch);
}

Result<void> PostgresTableSource::await_work(std::chrono::milliseconds timeout,
                                             const std::stop_token& stop) {
  return doorbell_->wait(ranges_->newest(), timeout, stop);
}

Result<Batch> PostgresTableSource::claim_exceptions(std::span<const HeldRange> ranges,
                                                    std::size_t limit_per_range) {
  return settler_->claim(ranges, limit_per_range, options_.max_batch_bytes);
}

Result<Batch> PostgresTableSource::claim_due(std::size_t /*limit*/) {
  return Batch{};
}

Standing PostgresTableSource::standing() const {
  return Standing::owner;
}

Result<void> PostgresTableSource::settle(const Settlement& settlement) {
  const std::optional<Position> position = take_position(settlement.through);
  if (Result<void> stored = settler_->settle(settlement, position ? &*position : nullptr);
      !stored) {
    return stored;
  }
  if (Clock::now() - partitions_checked_ < kPartitionCheck) {
    return {};
  }
  return add_partitions();
}

Result<void> PostgresTableSource::add_partitions() {
  partitions_checked_ = Clock::now();
  const Result<pg::Rows> added =
      writer_->exec(tables_->sql("begin; set local lock_timeout = '2s'; "
                                 "select ${outbox_add_partitions}(8); commit"));
  if (added) {
    return {};
  }
  // A lock that could not be had: eight partitions are ahead, the next check will do.
  if (added.error().code == ErrorCode::timeout || added.error().code == ErrorCode::conflict) {
    const Result<pg::Rows> rolled_back = writer_->exec("rollback");
    return rolled_back ? Result<void>{} : Result<void>{rolled_back.error()};
  }
  return added.error();
}

std::optional<Position> PostgresTableSource::take_position(std::uint64_t number) {
  const std::lock_guard lock{mutex_};
  std::optional<Position> position;
  while (!positions_.empty() && positions_.front().first <= number) {
    position = std::move(positions_.front().second);
    positions_.pop_front();
  }
  return position;
}

}  // namespace outbox
