#include "support/access/attempts.hpp"

#include <string>

#include <gtest/gtest.h>

namespace outbox::access {
namespace {

using std::chrono::seconds;

constexpr FailedAttempts::TimePoint kStart{std::chrono::hours(1)};

void fail(FailedAttempts& attempts, const std::string& address, int times) {
  for (int i = 0; i < times; ++i)
    attempts.failed(address, kStart);
}

TEST(FailedAttempts, AnAddressHasTenAndThenOneEachSixSeconds) {
  FailedAttempts attempts;
  fail(attempts, "a", 9);
  EXPECT_FALSE(attempts.wait("a", kStart));
  fail(attempts, "a", 1);
  EXPECT_EQ(attempts.wait("a", kStart), seconds(6));
  EXPECT_FALSE(attempts.wait("b", kStart));
  EXPECT_EQ(attempts.wait("a", kStart + seconds(5)), seconds(1));
  EXPECT_FALSE(attempts.wait("a", kStart + seconds(6)));
  attempts.failed("a", kStart + seconds(6));
  EXPECT_TRUE(attempts.wait("a", kStart + seconds(6)));
  EXPECT_FALSE(attempts.wait("a", kStart + seconds(72)));
}

TEST(FailedAttempts, AllAddressesTogetherHaveAHundred) {
  FailedAttempts attempts;
  for (int i = 0; i < 100; ++i)
    fail(attempts, "address " + std::to_string(i), 1);
  EXPECT_EQ(attempts.wait("another", kStart), seconds(1));
  EXPECT_FALSE(attempts.wait("another", kStart + seconds(1)));
}

TEST(FailedAttempts, RememberABoundedNumberOfAddresses) {
  FailedAttempts attempts;
  fail(attempts, "first", 10);
  for (std::size_t i = 0; i < 2 * FailedAttempts::kMaxAddresses; ++i)
    attempts.failed("address " + std::to_string(i), kStart + std::chrono::hours(i + 1));
  const auto later = kStart + std::chrono::hours(2 * FailedAttempts::kMaxAddresses + 1);
  EXPECT_FALSE(attempts.wait("first", later));
}

}  // namespace
}  // namespace outbox::access
