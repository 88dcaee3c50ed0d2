#include "bench/percentiles.hpp"

#include <numeric>

#include <gtest/gtest.h>

namespace outbox::bench {
namespace {

TEST(PercentilesTest, TakesTheNearestRank) {
  std::vector<double> samples(1'000);
  std::iota(samples.begin(), samples.end(), 1.0);
  EXPECT_EQ(percentile(samples, 50), 500);
  EXPECT_EQ(percentile(samples, 99), 990);
  EXPECT_EQ(percentile(samples, 99.9), 999);
  EXPECT_EQ(percentile(samples, 100), 1'000);
  EXPECT_EQ(percentile(samples, 0), 1);
}

TEST(PercentilesTest, FewSamplesGiveTheirGreatest) {
  EXPECT_EQ(percentile({7}, 50), 7);
  EXPECT_EQ(percentile({1, 2}, 99), 2);
}

TEST(PercentilesTest, AreWrittenInAnyOrderOfSamples) {
  EXPECT_EQ(percentiles_json("x", {3, 1, 2}),
            R"("x_p50_ms":2.0000,"x_p90_ms":3.0000,"x_p99_ms":3.0000,"x_p99.9_ms":3.0000,)"
            R"("x_max_ms":3.0000)");
  EXPECT_EQ(percentiles_json("x", {}), "");
}

}  // namespace
}  // namespace outbox::bench
