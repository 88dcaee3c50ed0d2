#include "tests/simulation/world.hpp"

#include <algorithm>
#include <utility>

namespace outbox::simulation {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

namespace {

constexpr std::int64_t kStartUs = 1'800'000'000'000'000;
constexpr std::size_t kMostProblems = 20;

}  // namespace

std::size_t Dice::pick(std::size_t from, std::size_t to) {
  const auto picked = std::uniform_int_distribution<std::size_t>{from, to}(random_);
  trace(picked);
  return picked;
}

// FNV-1a over the value's bytes (Fowler, Noll, Vo).
void Dice::trace(std::uint64_t value) {
  constexpr std::uint64_t kPrime = 0x100000001b3;
  for (int byte = 0; byte < 8; ++byte) {
    hash_ = (hash_ ^ (value & 0xFFU)) * kPrime;
    value >>= 8U;
  }
}

World::World(std::uint64_t seed) : dice(seed) {
  choose_settings(seed);
  choose_poison();
  latest_wall_us_ = wall_us();
  model->set_now([this] { return wall_us(); });
  model->set_acknowledged([this](std::int64_t seq) { return destination->acknowledged(seq); });
  model->set_refusals([this](std::int64_t seq) { return refusals(seq); });
  model->expect_policy(settings.engine.poison);
}

void World::choose_settings(std::uint64_t seed) {
  settings.relays = dice.pick(1, 3);
  settings.keys = dice.pick(1, 6);
  settings.rows = dice.pick(20, 120);
  settings.batch_limit = dice.pick(1, 10);
  settings.sink_capacity = dice.pick(1, 30);
  settings.exception_records = dice.pick(1, 12);
  settings.faults_percent = static_cast<int>(dice.pick(0, 6));
  settings.delayed_percent = dice.chance(40) ? static_cast<int>(dice.pick(1, 30)) : 0;
  settings.lease = dice.pick_ms(80, 200);
  EngineOptions& engine = settings.engine;
  engine.max_batches = dice.pick(1, 4);
  engine.attempts_at_once = dice.pick(1, 4);
  engine.waiting_at_once = dice.pick(1, 5);
  engine.due_at_once = dice.pick(1, 4);
  engine.due_interval = dice.pick_ms(1, 20);
  engine.poison.action =
      std::array{PoisonAction::block, PoisonAction::park, PoisonAction::skip}.at(dice.pick(0, 2));
  engine.poison.max_attempts = static_cast<int>(dice.pick(1, 4));
  engine.messages_per_second = dice.chance(10) ? static_cast<double>(dice.pick(100, 2'000)) : 0;
  engine.settle_interval = dice.chance(50) ? dice.pick_ms(1, 20) : milliseconds{0};
  engine.idle_store_interval = milliseconds{50};
  engine.destination_backoff = {milliseconds{1}, milliseconds{30}};
  engine.topic_backoff = {milliseconds{1}, milliseconds{40}};
  engine.seed = seed;
  settings.exactly_once = dice.chance(40);
  settings.transaction = {dice.pick(1, 30), dice.pick_ms(1, 40)};
}

// Up to a fifth of the messages are refused a few times; in some runs one is refused for ever.
void World::choose_poison() {
  const auto poisoned = static_cast<int>(dice.pick(0, 20));
  for (std::size_t seq = 1; seq <= settings.rows; ++seq) {
    if (dice.chance(poisoned)) {
      refusals_left_[static_cast<std::int64_t>(seq)] = static_cast<int>(dice.pick(1, 5));
    }
  }
  if (dice.chance(30)) {
    always_refused_ = static_cast<std::int64_t>(dice.pick(1, settings.rows));
  }
  // Keys that are blocked for ever must leave room for another one.
  const bool blocked_for_ever = settings.engine.poison.action == PoisonAction::park;
  settings.engine.max_blocked_keys =
      blocked_for_ever ? settings.keys + 1 : dice.pick(always_refused_ ? 2 : 1, 6);
}

void World::problem(std::string text) {
  if (result.problems.size() < kMostProblems) {
    result.problems.push_back(std::move(text));
  }
}

void World::advance(nanoseconds by) {
  now += by;
  clock.set(ManualClock::time_point{now});
  latest_wall_us_ = std::max(latest_wall_us_, wall_us());
}

std::int64_t World::wall_us() const {
  return kStartUs +
         std::chrono::duration_cast<std::chrono::microseconds>(now + wall_offset_).count();
}

void World::jump_wall(std::chrono::seconds by) {
  wall_offset_ += by;
  latest_wall_us_ = std::max(latest_wall_us_, wall_us());
}

std::optional<Error> World::refusal(std::int64_t seq) {
  const OutboxModel::Row& row = model->rows().at(seq);
  if (closed_topics_.contains(row.written.aggregate_type)) {
    return Error{ErrorCode::topic_unavailable, "the topic is unknown"};
  }
  const auto left = refusals_left_.find(seq);
  if (seq == always_refused_ || (left != refusals_left_.end() && left->second > 0)) {
    if (left != refusals_left_.end()) {
      --left->second;
    }
    ++refusals_[seq];
    return Error{ErrorCode::message_rejected, "the message is too large"};
  }
  return std::nullopt;
}

int World::refusals(std::int64_t seq) const {
  const auto found = refusals_.find(seq);
  return found == refusals_.end() ? 0 : found->second;
}

}  // namespace outbox::simulation
