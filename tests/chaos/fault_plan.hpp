// Which faults come in which order, by the seed alone.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/chaos/fault.hpp"

namespace outbox::chaos {

struct PlannedFault {
  std::size_t class_index = 0;
  std::uint64_t seed = 0;            // of its target and its duration
  std::chrono::milliseconds gap{0};  // from its start to the next one's
};

struct Gaps {
  std::chrono::milliseconds shortest{1'000};
  std::chrono::milliseconds longest{5'000};
};

// An endless plan: every class once in an order of chance, then all of them again in another.
class FaultPlan {
 public:
  // `classes` > 0.
  FaultPlan(std::uint64_t seed, std::size_t classes, Gaps gaps = {});

  [[nodiscard]] PlannedFault next();

 private:
  Random random_;
  std::size_t classes_;
  Gaps gaps_;
  std::vector<std::size_t> round_;  // what is left of this one
};

}  // namespace outbox::chaos
