#include "tests/simulation/simulation.hpp"

#include <algorithm>
#include <utility>

namespace outbox::simulation {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

namespace {

constexpr int kFaultySteps = 1'000;
constexpr int kStepsToRecover = 20'000;
constexpr std::size_t kOpenWriters = 4;
constexpr std::size_t kMostOrphans = 4;

}  // namespace

SimulationResult Simulation::run() {
  relays_.resize(world_.settings.relays);
  start_relay(0);
  for (int i = 0; i < kFaultySteps && world_.result.problems.empty(); ++i) {
    step();
    check_bounds();
  }
  finish();
  if (world_.result.problems.empty()) {
    oracle_.check_end();
  }
  for (std::string& violation : world_.model->violations()) {
    world_.problem(std::move(violation));
  }
  for (const std::int64_t seq : world_.model->receipts()) {
    world_.dice.trace(static_cast<std::uint64_t>(seq));
  }
  world_.result.trace_hash = world_.dice.trace_hash();
  return std::move(world_.result);
}

// Keys on several shards; some share one.
std::string Simulation::key_name(std::size_t index) const {
  static const std::vector<std::string> kNames{"a", "b", "ac", "ca", "d", "e"};
  return kNames.at(index);
}

SimRelay* Simulation::any_relay() {
  return relays_.at(world_.dice.pick(0, relays_.size() - 1)).get();
}

void Simulation::step() {
  ++world_.result.steps;
  const std::size_t choice = world_.dice.pick(0, 19);
  if (choice < 3) {
    write();
  } else if (choice < 5) {
    end_writer();
  } else if (choice < 12) {
    if (SimRelay* relay = any_relay()) {
      relay->turn();
    }
  } else if (choice < 15) {
    destination_step();
  } else if (choice < 17) {
    advance(world_.dice.chance(10) ? world_.dice.pick_ms(0, 60) : world_.dice.pick_ms(0, 15));
  } else if (choice < 18) {
    if (world_.fault_chance(30)) {
      operator_.act();
    }
  } else if (choice < 19) {
    manage_processes();
  } else if (world_.fault_chance(world_.settings.faults_percent * 10)) {
    inject_fault();
  }
}

void Simulation::write() {
  if (written_ >= world_.settings.rows || writers_.size() >= kOpenWriters) {
    return;
  }
  Writer writer{key_name(world_.dice.pick(0, world_.settings.keys - 1)), {}};
  if (std::any_of(writers_.begin(), writers_.end(),
                  [&](const Writer& open) { return open.key == writer.key; })) {
    return;
  }
  for (std::size_t i = world_.dice.pick(1, 3); i > 0 && written_ < world_.settings.rows; --i) {
    OutboxModel::NewRow row{writer.key, world_.dice.chance(70) ? "order" : "invoice"};
    if (world_.dice.chance(world_.settings.delayed_percent)) {
      row.due_at_us = world_.wall_us() + static_cast<std::int64_t>(world_.dice.pick(0, 300'000));
      world_.fault("message delayed by its writer");
    }
    writer.seqs.push_back(world_.model->begin(std::move(row)));
    ++written_;
  }
  writers_.push_back(std::move(writer));
}

void Simulation::end_writer() {
  if (writers_.empty()) {
    return;
  }
  const auto writer =
      writers_.begin() + static_cast<std::ptrdiff_t>(world_.dice.pick(0, writers_.size() - 1));
  if (world_.fault_chance(3)) {
    world_.fault("transaction rolled back");
  } else {
    for (const std::int64_t seq : writer->seqs) {
      world_.model->commit(seq);
    }
  }
  writers_.erase(writer);
}

// In steps that are short against a lease, so that who renews in time is seen to.
void Simulation::advance(nanoseconds by) {
  const nanoseconds longest = world_.settings.lease / 20;
  while (by > nanoseconds{0}) {
    const nanoseconds part = std::min(by, longest);
    world_.advance(part);
    by -= part;
    for (const auto& relay : relays_) {
      if (relay) {
        relay->tick();
      }
    }
  }
  if (world_.now >= topics_open_at_) {
    world_.open_topics();
  }
}

void Simulation::destination_step() {
  if (world_.dice.chance(20) && world_.coordinator->arrive_late()) {
    world_.fault("transaction committed late, its answer lost");
  }
  if (!world_.orphans.empty() && world_.dice.chance(30)) {
    orphan_step();
  } else if (SimRelay* relay = any_relay()) {
    relay->destination_step();
  }
}

// What a killed process had handed to its connections arrives, as far as it was on its way.
void Simulation::orphan_step() {
  const std::size_t index = world_.dice.pick(0, world_.orphans.size() - 1);
  FakeSink& sink = *world_.orphans[index];
  const std::vector<std::int64_t> oldest = sink.oldest_of_keys();
  if (oldest.empty()) {
    world_.orphans.erase(world_.orphans.begin() + static_cast<std::ptrdiff_t>(index));
    return;
  }
  const std::int64_t seq = oldest[world_.dice.pick(0, oldest.size() - 1)];
  if (world_.dice.chance(30) || world_.refusal(seq)) {
    sink.drop_unseen(seq);
  } else {
    sink.arrive_unseen(seq);
    world_.fault("message of a killed relay arrived");
  }
}

void Simulation::manage_processes() {
  const std::size_t slot = world_.dice.pick(0, relays_.size() - 1);
  std::unique_ptr<SimRelay>& relay = relays_[slot];
  if (!relay) {
    start_relay(slot);
  } else if (relay->gone()) {
    relay.reset();
  } else if (world_.faults && world_.dice.chance(10)) {
    relay->ask_to_leave();
  }
}

void Simulation::start_relay(std::size_t slot) {
  relays_[slot] = std::make_unique<SimRelay>(
      world_, oracle_, "host-" + std::to_string(slot) + ":" + std::to_string(++started_),
      [this] { stall(); });
}

void Simulation::inject_fault() {
  const std::size_t slot = world_.dice.pick(0, relays_.size() - 1);
  switch (world_.dice.pick(0, 11)) {
    case 0:
      close_topic();
      break;
    case 1:
      crash_database();
      break;
    case 2:
      world_.jump_wall(std::chrono::hours{world_.dice.chance(50) ? 1 : -1});
      world_.fault("wall clock of the database set by an hour");
      break;
    default:
      if (relays_[slot] && !relays_[slot]->gone() && !relays_[slot]->in_call()) {
        inject_relay_fault(*relays_[slot], slot);
      }
  }
}

void Simulation::inject_relay_fault(SimRelay& relay, std::size_t slot) {
  const nanoseconds lease = world_.settings.lease;
  switch (world_.dice.pick(0, 11)) {
    case 0:
    case 1:
      if (world_.orphans.size() == kMostOrphans) {
        world_.orphans.erase(world_.orphans.begin());
      }
      world_.orphans.push_back(relay.die());
      relays_[slot].reset();
      break;
    case 2:
      relay.lose_source();
      world_.fault("connection to the source cut");
      break;
    case 3:
      relay.freeze(lease * world_.dice.pick(1, 4));
      world_.fault("relay frozen for a lease or longer");
      break;
    case 4:
      relay.freeze(lease / 4);
      world_.fault("relay frozen for a moment");
      break;
    case 5:
      relay.cut_off(lease * world_.dice.pick(1, 3));
      break;
    case 6:
      relay.host().jump_wall(std::chrono::hours{world_.dice.chance(50) ? 1 : -1});
      world_.fault("wall clock of a relay set by an hour");
      break;
    case 7:
      relay.stall_in_next_call(true);
      break;
    case 8:
      relay.stall_in_next_call(false);
      break;
    case 9:
      relay.cut_off_membership(lease * world_.dice.pick(1, 3));
      world_.fault("renewals out of reach of the database");
      break;
    default:
      relay.break_destination();
  }
}

void Simulation::close_topic() {
  world_.close_topic(world_.dice.chance(50) ? "order" : "invoice");
  topics_open_at_ = world_.now + world_.dice.pick_ms(5, 200);
  world_.fault("topic closed for a while");
}

void Simulation::crash_database() {
  world_.fault("database crashed");
  if (world_.model->crash(world_.dice.pick(1, 3)) > 0) {
    world_.fault("database crashed and lost settlements");
  }
}

// While one relay is in a call, everyone else goes on for up to three leases.
void Simulation::stall() {
  if (stalling_) {
    return;
  }
  stalling_ = true;
  const nanoseconds until = world_.now + world_.settings.lease * world_.dice.pick(1, 3);
  for (int i = 0; i < kFaultySteps && world_.now < until; ++i) {
    step();
    advance(milliseconds{1});
  }
  stalling_ = false;
}

void Simulation::check_bounds() {
  for (const auto& relay : relays_) {
    if (relay) {
      relay->check_bounds();
    }
  }
}

bool Simulation::quiet() const {
  return written_ >= world_.settings.rows && writers_.empty() && oracle_.complete() &&
         std::all_of(relays_.begin(), relays_.end(),
                     [](const auto& relay) { return !relay || relay->in_flight() == 0; });
}

// Everything heals; everyone who is late comes to an end.
void Simulation::finish() {
  world_.faults = false;
  world_.open_topics();
  operator_.resume();
  world_.jump_wall(std::chrono::hours{10});
  for (const auto& relay : relays_) {
    if (relay) {
      relay->thaw();
      relay->cut_off({});
      relay->cut_off_membership({});
    }
  }
  for (int i = 0; i < kStepsToRecover && world_.result.problems.empty() && !quiet(); ++i) {
    ++world_.result.steps;
    write();
    end_writer();
    manage_processes();
    for (const auto& relay : relays_) {
      if (relay) {
        relay->turn();
        relay->destination_step();
      }
    }
    if (!world_.orphans.empty()) {
      orphan_step();
    }
    advance(world_.dice.pick_ms(0, 15));
    check_bounds();
  }
}

}  // namespace outbox::simulation
