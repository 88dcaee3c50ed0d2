// Runs the simulation of relays for many seeds and says what it saw.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "tests/simulation/simulation.hpp"

namespace outbox {
namespace {

// Every so many seeds one is run again: it must leave the same trace.
constexpr std::uint64_t kReplayEvery = 10;

struct Totals {
  std::uint64_t seeds = 0;
  std::uint64_t replayed = 0;  // with the same trace
  std::uint64_t steps = 0;
  std::uint64_t fewest_steps = UINT64_MAX;
  std::uint64_t trace_hash = 0;  // of all seeds, whatever their order
  std::map<std::string_view, std::uint64_t> faults;
  std::map<std::uint64_t, std::vector<std::string>> problems;  // by seed

  void add(std::uint64_t seed, simulation::SimulationResult result) {
    ++seeds;
    steps += result.steps;
    fewest_steps = std::min(fewest_steps, result.steps);
    trace_hash += result.trace_hash;
    for (const auto& [fault_class, count] : result.faults) {
      faults[fault_class] += count;
    }
    if (!result.problems.empty()) {
      problems.emplace(seed, std::move(result.problems));
    }
  }
};

// Seeds from `first`, on one thread for each processor.
Totals run(std::uint64_t first, std::uint64_t count, bool fail_fast) {
  Totals totals;
  std::mutex mutex;
  std::atomic<std::uint64_t> next{0};
  const auto work = [&] {
    for (std::uint64_t i = next++; i < count; i = next++) {
      const std::uint64_t seed = first + i;
      simulation::SimulationResult result = simulation::Simulation{seed}.run();
      const bool replayed = i % kReplayEvery == 0;
      const bool same =
          !replayed || simulation::Simulation{seed}.run().trace_hash == result.trace_hash;
      if (!same) {
        result.problems.emplace_back("the same seed left another trace");
      }
      if (fail_fast && !result.problems.empty()) {
        next = count;
      }
      const std::lock_guard lock(mutex);
      totals.replayed += replayed && same ? 1 : 0;
      totals.add(seed, std::move(result));
    }
  };
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
    threads.emplace_back(work);
  }
  threads.clear();  // joins
  return totals;
}

void print(const Totals& totals) {
  fmt::print("seeds {}, replayed with the same trace {}\n", totals.seeds, totals.replayed);
  fmt::print("steps {}, at least {} a seed\n", totals.steps, totals.fewest_steps);
  fmt::print("trace {:016x}\n", totals.trace_hash);
  for (const auto& [fault_class, count] : totals.faults) {
    fmt::print("{:>12}  {}\n", count, fault_class);
  }
  constexpr std::size_t kShown = 10;
  std::size_t shown = 0;
  for (const auto& [seed, problems] : totals.problems) {
    if (shown++ == kShown) {
      break;
    }
    fmt::print("seed {}: {}\n    again: ./dev sim --first {} --seeds 1\n", seed, problems.front(),
               seed);
  }
  fmt::print("violations {}\n", totals.problems.size());
}

int simulate(int argc, char** argv) {
  CLI::App app{"Runs relays between models of their outbox and their destination, under faults"};
  std::uint64_t seeds = 1'000;
  std::uint64_t first = 0;
  app.add_option("--seeds", seeds, "how many")->check(CLI::Range(1, 10'000'000));
  app.add_option("--first", first, "the first seed; the others follow it");
  bool fail_fast = false;
  app.add_flag("--fail-fast", fail_fast, "begin no seed after one that broke a promise");
  CLI11_PARSE(app, argc, argv);
  const Totals totals = run(first, seeds, fail_fast);
  print(totals);
  return totals.problems.empty() ? 0 : 1;
}

}  // namespace
}  // namespace outbox

int main(int argc, char** argv) {
  return outbox::simulate(argc, argv);
}
