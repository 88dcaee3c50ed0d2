// Lets faults happen, up to three at a time, and counts those whose effect was seen.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "tests/chaos/fault.hpp"
#include "tests/chaos/fault_plan.hpp"

namespace outbox::chaos {

struct FaultTotals {
  std::map<std::string, std::int64_t> observed;    // by class
  std::map<std::string, std::int64_t> unobserved;  // by class: nothing of it was seen
  std::vector<std::string> problems;               // what could not be injected or healed
  std::chrono::steady_clock::time_point last_healed;

  [[nodiscard]] std::int64_t count() const;
};

// A line for a person about something that happened.
using Tell = std::function<void(const std::string&)>;

class FaultRunner {
 public:
  FaultRunner(std::vector<FaultClass> classes, std::uint64_t seed, Tell tell, Gaps gaps = {});
  ~FaultRunner() = default;
  FaultRunner(const FaultRunner&) = delete;
  FaultRunner& operator=(const FaultRunner&) = delete;

  // Injects faults until `until`, by which all are healed but for the time that healing takes.
  // Returns when they are; early when it is stopped.
  void run(std::chrono::steady_clock::time_point until, const std::stop_token& stop);

  // Takes resources that no fault holds now; false when one does. For whoever looks after the
  // programs beside the faults.
  [[nodiscard]] bool try_hold(const std::vector<std::string>& resources);
  void release(const std::vector<std::string>& resources);

  [[nodiscard]] FaultTotals totals() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Waiting {
    std::string name;
    Fault fault;
    std::chrono::milliseconds gap;  // to the start of the next one
  };
  struct Active {
    std::jthread thread;
    bool ended = false;
  };

  [[nodiscard]] std::optional<Waiting> next_due(Clock::time_point until);
  [[nodiscard]] std::optional<Waiting> take_free();
  void start(Waiting waiting);
  void live(const Waiting& waiting, const std::stop_token& stop);
  // True when its effect was seen before it healed.
  [[nodiscard]] bool hold(const Fault& fault, const std::stop_token& stop) const;
  void record(const Waiting& waiting, bool observed, const std::string& problem);
  void join_ended();

  const std::vector<FaultClass> classes_;
  const Tell tell_;
  FaultPlan plan_;
  Clock::time_point next_start_ = Clock::now();
  std::deque<Waiting> waiting_;  // for a resource; few

  mutable std::mutex mutex_;
  std::set<std::string> held_;
  FaultTotals totals_;
  std::list<Active> active_;  // last: joined before the rest goes
};

}  // namespace outbox::chaos
