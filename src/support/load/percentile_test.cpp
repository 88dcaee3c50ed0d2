#include "support/load/percentile.hpp"

#include <numeric>

#include <gtest/gtest.h>

namespace outbox::load {
namespace {

TEST(PercentileTest, TakesTheNearestRank) {
  std::vector<double> samples(1'000);
  std::iota(samples.begin(), samples.end(), 1.0);
  EXPECT_EQ(percentile(samples, 50), 500);
  EXPECT_EQ(percentile(samples, 99), 990);
  EXPECT_EQ(percentile(samples, 99.9), 999);
  EXPECT_EQ(percentile(samples, 100), 1'000);
  EXPECT_EQ(percentile(samples, 0), 1);
}

TEST(PercentileTest, FewSamplesGiveTheirGreatest) {
  EXPECT_EQ(percentile({7}, 50), 7);
  EXPECT_EQ(percentile({1, 2}, 99), 2);
}

}  // namespace
}  // namespace outbox::load
