#include "sources/sqlite/sqlite_source.hpp"

#include <utility>

#include "sources/sqlite/records.hpp"

namespace outbox {
namespace {

using namespace sqlite;

// As the relay understands it: whatever passes is tried again from the start.
Error as_source_error(const Error& error) {
  if (error.code == ErrorCode::timeout) {
    return Error{ErrorCode::source_unavailable,
                 error.message + " (another connection wrote for a long time)"};
  }
  return error;
}

constexpr std::string_view kTakeOver =
    "update outbox_position set epoch = epoch + 1, owner = ? where id = 1 "
    "returning epoch, last_seq";

constexpr std::string_view kNext = " from outbox where seq > ? order by seq limit ?";

}  // namespace

Result<Exceptions> SqliteSource::connect() {
  close();
  Result<Exceptions> exceptions = open();
  if (!exceptions) {
    close();
    return as_source_error(exceptions.error());
  }
  return exceptions;
}

Result<Exceptions> SqliteSource::open() {
  if (Result<void> opened = open_writer(); !opened) {
    return std::move(opened).error();
  }
  if (Result<void> opened = open_reader(); !opened) {
    return std::move(opened).error();
  }
  return exceptions_->load();
}

Result<void> SqliteSource::open_writer() {
  Result<Database> database = Database::open(options_.path, {});
  if (!database) {
    return std::move(database).error();
  }
  writer_.emplace(*std::move(database));
  Result<std::int64_t> epoch = take_over();
  if (!epoch) {
    return std::move(epoch).error();
  }
  // Before the exceptions are read, so that no change of them is missed.
  Result<std::unique_ptr<ControlWatch>> control =
      ControlWatch::start(options_.path, *epoch, standing_);
  if (!control) {
    return std::move(control).error();
  }
  control_ = *std::move(control);
  Result<ExceptionReader> exceptions = ExceptionReader::make(*writer_);
  if (!exceptions) {
    return std::move(exceptions).error();
  }
  exceptions_ = *std::move(exceptions);
  Result<Settler> settler = Settler::make(
      *writer_, {options_.owner, *epoch, /*position=*/read_up_to_}, options_.dead_letter_type);
  if (!settler) {
    return std::move(settler).error();
  }
  settler_ = *std::move(settler);
  return {};
}

Result<std::int64_t> SqliteSource::take_over() {
  Result<Statement> take = writer_->prepare(kTakeOver);
  if (!take) {
    return Error{take.error().code,
                 take.error().message + " in " + options_.path +
                     ": make the outbox's tables with 'outboxctl migrate --database sqlite:" +
                     options_.path + "'"};
  }
  if (Result<void> locked = lock(); !locked) {
    return std::move(locked).error();
  }
  const Result<bool> taken = take->bind(options_.owner).step();
  if (!taken) {
    return taken.error();
  }
  const std::int64_t epoch = take->int8(0);
  read_up_to_ = take->int8(1);
  if (const Result<bool> end = take->step(); !end) {
    return end.error();
  }
  return epoch;
}

// An earlier connection's lock is kept, so that no other relay comes in between.
Result<void> SqliteSource::lock() {
  if (lock_ && lock_->is_for(options_.path)) {
    return {};
  }
  Result<RelayLock> lock = RelayLock::take(options_.path);
  if (!lock) {
    Result<Statement> owner = writer_->prepare("select owner from outbox_position");
    const bool known = owner && owner->step();
    return Error{lock.error().code,
                 lock.error().message + (known ? ": " + std::string{owner->text(0)} : "")};
  }
  lock_ = *std::move(lock);
  return {};
}

Result<void> SqliteSource::open_reader() {
  Result<Database> database = Database::open(options_.path, {});
  if (!database) {
    return std::move(database).error();
  }
  reader_.emplace(*std::move(database));
  Result<Statement> next =
      reader_->prepare(std::string{"select "} + std::string{kNewColumns} + std::string{kNext});
  if (!next) {
    return std::move(next).error();
  }
  next_ = *std::move(next);
  watch_.emplace(options_.path);
  retention_.emplace(*reader_, options_.keep_processed);
  last_number_ = 0;
  return {};
}

void SqliteSource::close() {
  control_.reset();
  standing_ = Standing::lost;
  retention_.reset();
  watch_.reset();
  next_.reset();
  reader_.reset();
  settler_.reset();
  exceptions_.reset();
  writer_.reset();
  const std::lock_guard lock{mutex_};
  positions_.clear();
}

void SqliteSource::leave() {
  lock_.reset();
}

Result<Batch> SqliteSource::claim(std::size_t limit) {
  RecordReader reader{options_.max_batch_bytes};
  next_->bind(read_up_to_).bind(static_cast<std::int64_t>(limit));
  if (const Result<bool> read = reader.read(*next_); !read) {
    return as_source_error(read.error());
  }
  Batch batch = reader.take();
  if (!batch.records.empty()) {
    read_up_to_ = batch.records.back().seq;
    watch_->work_found();
  }
  batch.number = ++last_number_;
  const std::lock_guard lock{mutex_};
  positions_.emplace_back(last_number_, read_up_to_);
  return batch;
}

Result<void> SqliteSource::await_work(std::chrono::milliseconds timeout,
                                      const std::stop_token& stop) {
  if (Result<void> deleted = retention_->step(); !deleted) {
    return as_source_error(deleted.error());
  }
  return watch_->wait(timeout, stop);
}

Result<Batch> SqliteSource::claim_exceptions(std::span<const HeldRange> ranges,
                                             std::size_t limit_per_range) {
  Result<Batch> batch =
      exceptions_->claim(ranges, limit_per_range, settler_->position(), options_.max_batch_bytes);
  if (!batch) {
    return as_source_error(batch.error());
  }
  return batch;
}

Result<Batch> SqliteSource::claim_due(std::size_t limit) {
  Result<Batch> batch = exceptions_->claim_due(limit, options_.max_batch_bytes);
  if (!batch) {
    return as_source_error(batch.error());
  }
  return batch;
}

Standing SqliteSource::standing() const {
  return standing_;
}

Result<void> SqliteSource::settle(const Settlement& settlement) {
  if (Result<void> settled = settler_->settle(settlement, take_position(settlement.through));
      !settled) {
    return as_source_error(settled.error());
  }
  return {};
}

std::optional<std::int64_t> SqliteSource::take_position(std::uint64_t number) {
  const std::lock_guard lock{mutex_};
  std::optional<std::int64_t> position;
  while (!positions_.empty() && positions_.front().first <= number) {
    position = positions_.front().second;
    positions_.pop_front();
  }
  return position;
}

}  // namespace outbox
