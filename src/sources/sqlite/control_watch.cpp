#include "sources/sqlite/control_watch.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace outbox::sqlite {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kInterval{500};

constexpr std::string_view kLook =
    "select c.paused, c.revision, p.epoch from outbox_control c join outbox_position p";

}  // namespace

Result<std::unique_ptr<ControlWatch>> ControlWatch::start(const std::string& path,
                                                          std::int64_t epoch,
                                                          std::atomic<Standing>& standing) {
  Result<Database> database = Database::open(path, {});
  if (!database) {
    return std::move(database).error();
  }
  Result<Statement> statement = database->prepare(kLook);
  if (!statement) {
    return std::move(statement).error();
  }
  std::unique_ptr<ControlWatch> watch{
      new ControlWatch{*std::move(database), *std::move(statement), epoch, standing}};
  if (Result<void> looked = watch->look(); !looked) {
    return std::move(looked).error();
  }
  watch->thread_ =
      std::jthread{[raw = watch.get()](const std::stop_token& stop) { raw->run(stop); }};
  return watch;
}

ControlWatch::ControlWatch(Database database, Statement statement, std::int64_t epoch,
                           std::atomic<Standing>& standing)
    : database_(std::move(database)),
      statement_(std::move(statement)),
      epoch_(epoch),
      standing_(standing) {}

Result<void> ControlWatch::look() {
  const Result<bool> row = statement_.step();
  if (!row) {
    return row.error();
  }
  const bool paused = statement_.int8(0) != 0;
  const std::int64_t revision = statement_.int8(1);
  const std::int64_t epoch = statement_.int8(2);
  statement_.reset();
  if (revision_ < 0) {
    revision_ = revision;
  }
  if (epoch != epoch_) {
    standing_ = Standing::lost;
  } else if (revision != revision_) {
    standing_ = paused ? Standing::paused_changing : Standing::changing;
  } else {
    standing_ = paused ? Standing::paused : Standing::owner;
  }
  return {};
}

void ControlWatch::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock{mutex};
  while (!never.wait_for(lock, stop, kInterval, [] { return false; }) && !stop.stop_requested()) {
    // What cannot be read now is as it was; the relay's own connections will report what is wrong.
    static_cast<void>(look());
  }
}

}  // namespace outbox::sqlite
