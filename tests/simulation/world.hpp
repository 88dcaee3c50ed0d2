#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/relay_engine.hpp"
#include "core/relay_transaction.hpp"
#include "core/testing/fake_destination.hpp"
#include "core/testing/fake_sink.hpp"
#include "core/testing/fake_transactions.hpp"
#include "core/testing/manual_clock.hpp"
#include "core/testing/outbox_model.hpp"

namespace outbox::simulation {

struct SimulationResult {
  std::vector<std::string> problems;  // one line each; empty when every promise was kept
  std::uint64_t steps = 0;
  // How often each class of fault had an effect.
  std::map<std::string_view, std::uint64_t> faults;
  // Of all choices and of all that was sent and marked: the same for the same seed.
  std::uint64_t trace_hash = 0;
};

// The source of all choices.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  [[nodiscard]] bool chance(int percent) { return pick(0, 99) < static_cast<std::size_t>(percent); }
  [[nodiscard]] std::size_t pick(std::size_t from, std::size_t to);
  [[nodiscard]] std::chrono::milliseconds pick_ms(std::size_t from, std::size_t to) {
    return std::chrono::milliseconds{pick(from, to)};
  }
  void trace(std::uint64_t value);
  [[nodiscard]] std::uint64_t trace_hash() const { return hash_; }

 private:
  std::mt19937_64 random_;
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

// What a seed decides once.
struct Settings {
  std::size_t relays = 1;
  std::size_t keys = 1;
  std::size_t rows = 0;  // to be written
  std::size_t batch_limit = 1;
  std::size_t sink_capacity = 1;
  std::size_t exception_records = 1;  // that one read of exceptions gives
  int faults_percent = 0;
  int delayed_percent = 0;
  std::chrono::milliseconds lease{100};
  EngineOptions engine;
  bool exactly_once = false;
  TransactionOptions transaction;
};

// What everything in a simulation shares: time, the tables, the destination, the choices, and the
// account of what happened.
class World {
 public:
  explicit World(std::uint64_t seed);

  // Faults happen; not any more once everything is to end well.
  [[nodiscard]] bool fault_chance(int percent) { return faults && dice.chance(percent); }
  // In so many percent, by the seed's own rate of faults.
  [[nodiscard]] bool faulty() { return faults && dice.chance(settings.faults_percent); }
  void fault(std::string_view fault_class) { ++result.faults[fault_class]; }
  void problem(std::string text);

  void advance(std::chrono::nanoseconds by);
  [[nodiscard]] std::int64_t wall_us() const;  // of the database
  // No clock of the database has shown a later time.
  [[nodiscard]] std::int64_t latest_wall_us() const { return latest_wall_us_; }
  void jump_wall(std::chrono::seconds by);

  // Whether the destination refuses the message now, and why. It counts as one refusal.
  [[nodiscard]] std::optional<Error> refusal(std::int64_t seq);
  [[nodiscard]] bool is_poison_for_ever(std::int64_t seq) const { return seq == always_refused_; }
  [[nodiscard]] int refusals(std::int64_t seq) const;
  void close_topic(const std::string& aggregate_type) { closed_topics_.insert(aggregate_type); }
  void open_topics() { closed_topics_.clear(); }

  Dice dice;
  Settings settings;
  SimulationResult result;
  bool faults = true;
  std::chrono::nanoseconds now{std::chrono::hours{1}};
  ManualClock clock;  // shows `now`
  std::shared_ptr<OutboxModel> model = std::make_shared<OutboxModel>();
  std::shared_ptr<FakeDestination> destination = std::make_shared<FakeDestination>();
  std::shared_ptr<FakeCoordinator> coordinator = std::make_shared<FakeCoordinator>(destination);
  // What processes that are gone had handed to their connections.
  std::vector<std::unique_ptr<FakeSink>> orphans;
  std::chrono::nanoseconds paused_since = std::chrono::nanoseconds::max();
  std::map<std::string, std::chrono::nanoseconds, std::less<>> topics_paused_since;
  // Up to this one, messages of batches that a pause has cut in two may have been sent already.
  std::int64_t newest_when_cut = 0;

 private:
  void choose_settings(std::uint64_t seed);
  void choose_poison();

  std::chrono::nanoseconds wall_offset_{0};
  std::int64_t latest_wall_us_ = 0;
  std::map<std::int64_t, int> refusals_left_;
  std::map<std::int64_t, int> refusals_;
  std::optional<std::int64_t> always_refused_;
  std::set<std::string> closed_topics_;
};

}  // namespace outbox::simulation
