#include "tests/chaos/position_sampler.hpp"

#include <chrono>
#include <optional>
#include <utility>

#include "support/pg/connection.hpp"
#include "tests/chaos/pace.hpp"

namespace outbox::chaos {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kEvery{500};

// One statement, so that all of it is of one snapshot.
constexpr const char* kLook =
    "select pg_postmaster_start_time()::text, s.shard, s.epoch, p.epoch, p.from_snapshot::text "
    "from outbox_shard s join outbox_position p on p.shard = s.shard";

// False: the database is away.
bool look(pg::Connection& connection, PositionWatch& watch) {
  const auto rows = connection.query(kLook);
  if (!rows) return false;
  std::vector<ShardSample> samples;
  for (int row = 0; row < rows->size(); ++row) {
    auto from = postgres_table::Snapshot::parse(rows->text(row, 4));
    if (!from) return false;
    samples.push_back({static_cast<int>(rows->int8(row, 1)), rows->int8(row, 2), rows->int8(row, 3),
                       *std::move(from)});
  }
  if (!samples.empty()) watch.look(std::string{rows->text(0, 0)}, samples);
  return true;
}

}  // namespace

PositionSampler::PositionSampler(std::string database_url)
    : database_url_(std::move(database_url)),
      thread_([this](const std::stop_token& stop) { sample(stop); }) {}

const PositionWatch& PositionSampler::stop() {
  thread_ = {};  // joins
  return watch_;
}

void PositionSampler::sample(const std::stop_token& stop) {
  std::optional<pg::Connection> connection;
  while (sleep_for(kEvery, stop)) {
    if (!connection) {
      auto opened =
          pg::Connection::connect(database_url_, {.application_name = "chaos-sampler",
                                                  .connect_timeout = milliseconds{3'000},
                                                  .statement_timeout = milliseconds{8'000}});
      if (!opened) continue;
      connection = *std::move(opened);
    }
    if (!look(*connection, watch_)) connection.reset();
  }
}

}  // namespace outbox::chaos
