#include "tests/simulation/simulation.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace outbox::simulation {
namespace {

constexpr std::uint64_t kRunsPerCase = 100;

class SimulationTest : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(SimulationTest, EveryPromiseHolds) {
  for (std::uint64_t seed = GetParam(); seed < GetParam() + kRunsPerCase; ++seed) {
    Simulation simulation{seed};
    for (const std::string& problem : simulation.run().problems) {
      ADD_FAILURE() << "seed " << seed << ": " << problem;
    }
    if (HasFailure()) {
      return;
    }
  }
}

TEST(SimulationTraceTest, IsTheSameForTheSameSeedAndAnotherForAnother) {
  const std::uint64_t first = Simulation{7}.run().trace_hash;
  EXPECT_EQ(Simulation{7}.run().trace_hash, first);
  EXPECT_NE(Simulation{8}.run().trace_hash, first);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SimulationTest,
                         ::testing::Range<std::uint64_t>(0, 8 * kRunsPerCase, kRunsPerCase));

}  // namespace
}  // namespace outbox::simulation
