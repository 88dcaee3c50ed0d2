#include "tests/chaos/fault_plan.hpp"

#include <utility>

namespace outbox::chaos {

FaultPlan::FaultPlan(std::uint64_t seed, std::size_t classes, Gaps gaps)
    : random_(seed), classes_(classes), gaps_(gaps) {}

PlannedFault FaultPlan::next() {
  if (round_.empty()) {
    for (std::size_t index = 0; index < classes_; ++index) {
      round_.push_back(index);
    }
    // Not std::shuffle: what it does with a seed depends on the library.
    for (std::size_t left = round_.size(); left > 1; --left) {
      std::swap(round_[left - 1], round_[random_() % left]);
    }
  }
  const std::size_t chosen = round_.back();
  round_.pop_back();
  const std::uint64_t seed = random_();
  return {chosen, seed, between(random_, gaps_.shortest, gaps_.longest)};
}

}  // namespace outbox::chaos
