#include "core/testing/simulation.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace outbox {
namespace {

constexpr std::uint64_t kRunsPerCase = 300;

class SimulationTest : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(SimulationTest, EveryPromiseHolds) {
  for (std::uint64_t seed = GetParam(); seed < GetParam() + kRunsPerCase; ++seed) {
    Simulation simulation{seed};
    for (const std::string& problem : simulation.run()) {
      ADD_FAILURE() << "seed " << seed << ": " << problem;
    }
    if (HasFailure()) {
      return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, SimulationTest,
                         ::testing::Range<std::uint64_t>(0, 8 * kRunsPerCase, kRunsPerCase));

}  // namespace
}  // namespace outbox
