#include "support/text/rfc3339.hpp"

#include <gtest/gtest.h>

namespace outbox::text {
namespace {

TEST(Rfc3339, WritesEveryDigit) {
  EXPECT_EQ(rfc3339_millis(1'764'023'064'007), "2025-11-24T22:24:24.007Z");
  EXPECT_EQ(rfc3339_micros(1'764'023'064'000'042), "2025-11-24T22:24:24.000042Z");
  EXPECT_EQ(rfc3339_millis(0), "1970-01-01T00:00:00.000Z");
}

TEST(Rfc3339, GoesBackBefore1970) {
  EXPECT_EQ(rfc3339_millis(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(rfc3339_micros(-1'000'000), "1969-12-31T23:59:59.000000Z");
}

TEST(Rfc3339, KnowsLeapDaysAndTheLastYear) {
  EXPECT_EQ(rfc3339_millis(951'782'400'000), "2000-02-29T00:00:00.000Z");
  EXPECT_EQ(rfc3339_millis(253'402'300'799'999), "9999-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace outbox::text
