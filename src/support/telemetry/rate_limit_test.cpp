#include "support/telemetry/rate_limit.hpp"

#include <gtest/gtest.h>

namespace outbox::telemetry {
namespace {

TEST(RateLimit, LetsOnePassAnIntervalAndCountsTheOthers) {
  using std::chrono::seconds;
  RateLimit limit(seconds(10));
  const std::chrono::steady_clock::time_point start;
  EXPECT_EQ(limit.pass(start), 0U);
  EXPECT_EQ(limit.pass(start + seconds(1)), std::nullopt);
  EXPECT_EQ(limit.pass(start + seconds(9)), std::nullopt);
  EXPECT_EQ(limit.pass(start + seconds(10)), 2U);
  EXPECT_EQ(limit.pass(start + seconds(11)), std::nullopt);
}

}  // namespace
}  // namespace outbox::telemetry
