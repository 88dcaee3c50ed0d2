#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/oracle.hpp"
#include "tests/simulation/sim_operator.hpp"
#include "tests/simulation/sim_relay.hpp"
#include "tests/simulation/world.hpp"

namespace outbox::simulation {

// One run of one to three relays on one outbox, all choices from one seed: writers that commit out
// of order, batches of every size, a destination that is full, slow, away, refuses messages or
// whole topics, a database that fails before or after a settlement is durable and forgets what it
// had not synced, relays that are killed, frozen, cut off and stopped, clocks that are set by
// hours, and operators. After the faults every message has to come to an end that the promises
// allow.
class Simulation {
 public:
  explicit Simulation(std::uint64_t seed) : world_(seed), oracle_(world_), operator_(world_) {}

  // Called once.
  [[nodiscard]] SimulationResult run();

 private:
  struct Writer {  // an open transaction; the key is locked by it
    std::string key;
    std::vector<std::int64_t> seqs;
  };

  void step();
  void write();
  void end_writer();
  void advance(std::chrono::nanoseconds by);
  void destination_step();
  void orphan_step();
  void manage_processes();
  void start_relay(std::size_t slot);
  void inject_fault();
  void inject_relay_fault(SimRelay& relay, std::size_t slot);
  void close_topic();
  void crash_database();
  void stall();
  [[nodiscard]] SimRelay* any_relay();
  [[nodiscard]] std::string key_name(std::size_t index) const;
  void check_bounds();
  void finish();
  [[nodiscard]] bool quiet() const;

  World world_;
  Oracle oracle_;
  SimOperator operator_;
  std::vector<std::unique_ptr<SimRelay>> relays_;  // by slot; null: no process
  std::vector<Writer> writers_;
  std::size_t written_ = 0;
  std::size_t started_ = 0;
  std::chrono::nanoseconds topics_open_at_{0};
  bool stalling_ = false;
};

}  // namespace outbox::simulation
