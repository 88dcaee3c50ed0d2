#include "tests/chaos/fault_runner.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include "tests/chaos/pace.hpp"

namespace outbox::chaos {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostAtOnce = 3;
// Faults that wait for a resource, so that others can go ahead.
constexpr std::size_t kMostWaiting = 6;
constexpr milliseconds kTick{20};
constexpr milliseconds kObserveEvery{50};

double seconds(milliseconds duration) {
  return static_cast<double>(duration.count()) / 1'000.0;
}

}  // namespace

std::int64_t FaultTotals::count() const {
  std::int64_t sum = 0;
  for (const auto& [name, times] : observed) {
    sum += times;
  }
  return sum;
}

FaultRunner::FaultRunner(std::vector<FaultClass> classes, std::uint64_t seed, Tell tell, Gaps gaps)
    : classes_(std::move(classes)), tell_(std::move(tell)), plan_(seed, classes_.size(), gaps) {}

void FaultRunner::run(Clock::time_point until, const std::stop_token& stop) {
  next_start_ = Clock::now();
  while (Clock::now() < until && sleep_for(kTick, stop)) {
    join_ended();
    if (active_.size() >= kMostAtOnce || Clock::now() < next_start_) {
      continue;
    }
    if (auto due = next_due(until)) {
      start(*std::move(due));
    }
  }
  if (stop.stop_requested()) {
    for (Active& active : active_) {
      active.thread.request_stop();
    }
  }
  active_.clear();  // joins
}

// The next of the plan whose resources are free.
std::optional<FaultRunner::Waiting> FaultRunner::next_due(Clock::time_point until) {
  while (waiting_.size() < kMostWaiting) {
    const PlannedFault planned = plan_.next();
    Random random{planned.seed};
    const FaultClass& of = classes_.at(planned.class_index);
    waiting_.push_back({of.name, of.make(random), planned.gap});
  }
  // What would be held past the end is left out.
  const auto too_long = [&](const Waiting& waiting) {
    return Clock::now() + waiting.fault.hold > until;
  };
  std::erase_if(waiting_, too_long);
  return take_free();
}

std::optional<FaultRunner::Waiting> FaultRunner::take_free() {
  for (auto candidate = waiting_.begin(); candidate != waiting_.end(); ++candidate) {
    if (try_hold(candidate->fault.resources)) {
      Waiting taken = std::move(*candidate);
      waiting_.erase(candidate);
      return taken;
    }
  }
  return std::nullopt;
}

bool FaultRunner::try_hold(const std::vector<std::string>& resources) {
  const std::lock_guard lock{mutex_};
  for (const std::string& resource : resources) {
    if (held_.contains(resource)) return false;
  }
  held_.insert(resources.begin(), resources.end());
  return true;
}

void FaultRunner::release(const std::vector<std::string>& resources) {
  const std::lock_guard lock{mutex_};
  for (const std::string& resource : resources) {
    held_.erase(resource);
  }
}

void FaultRunner::start(Waiting waiting) {
  next_start_ = Clock::now() + waiting.gap;
  Active& active = active_.emplace_back();
  active.thread =
      std::jthread{[this, &active, waiting = std::move(waiting)](const std::stop_token& stop) {
        live(waiting, stop);
        release(waiting.fault.resources);
        const std::lock_guard lock{mutex_};
        active.ended = true;
      }};
}

void FaultRunner::live(const Waiting& waiting, const std::stop_token& stop) {
  const Fault& fault = waiting.fault;
  bool observed = false;
  std::string problem;
  tell_(
      fmt::format("fault {} on {} for {:.1f} s", waiting.name, fault.target, seconds(fault.hold)));
  try {
    fault.inject();
    observed = hold(fault, stop);
  } catch (const NothingToBreak& error) {
    tell_(fmt::format("fault {} on {}: {}", waiting.name, fault.target, error.what()));
  } catch (const std::exception& error) {
    problem = error.what();
  }
  try {
    fault.heal();
    observed = observed || fault.observed();
  } catch (const std::exception& error) {
    problem += (problem.empty() ? "" : "; ") + std::string{"healing: "} + error.what();
  }
  record(waiting, observed, problem);
}

bool FaultRunner::hold(const Fault& fault, const std::stop_token& stop) const {
  const Clock::time_point end = Clock::now() + fault.hold;
  bool observed = fault.observed();
  while (Clock::now() < end) {
    const auto left = std::chrono::ceil<milliseconds>(end - Clock::now());
    if (!sleep_for(observed ? left : std::min(left, kObserveEvery), stop)) {
      break;
    }
    observed = observed || fault.observed();
  }
  return observed;
}

void FaultRunner::record(const Waiting& waiting, bool observed, const std::string& problem) {
  const std::string what = waiting.name + " on " + waiting.fault.target;
  {
    const std::lock_guard lock{mutex_};
    ++(observed ? totals_.observed : totals_.unobserved)[waiting.name];
    if (!problem.empty()) totals_.problems.push_back(what + ": " + problem);
    totals_.last_healed = Clock::now();
  }
  tell_(fmt::format("healed {}{}{}", what, observed ? "" : "; nothing of it was seen",
                    problem.empty() ? "" : "; " + problem));
}

void FaultRunner::join_ended() {
  // A thread that has said so is about to end: joining it, as erasing does, is a matter of moments.
  active_.remove_if([this](const Active& active) {
    const std::lock_guard lock{mutex_};
    return active.ended;
  });
}

FaultTotals FaultRunner::totals() const {
  const std::lock_guard lock{mutex_};
  return totals_;
}

}  // namespace outbox::chaos
