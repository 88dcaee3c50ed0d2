#include "core/rate_limit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/limited_sink.hpp"
#include "core/testing/fake_sink.hpp"
#include "core/testing/manual_clock.hpp"
#include "core/testing/records.hpp"

namespace outbox {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;

const RateLimit::time_point kStart{std::chrono::hours{1}};

TEST(RateLimitTest, ZeroIsNoLimit) {
  RateLimit limit{0, kStart};
  limit.used(1'000'000);
  EXPECT_EQ(limit.allowed(1'000, kStart), 1'000U);
}

TEST(RateLimitTest, AllowsTheRateOverTime) {
  RateLimit limit{100, kStart};
  std::size_t sent = 0;
  for (int ms = 0; ms < 10'000; ms += 7) {
    const std::size_t allowed = limit.allowed(50, kStart + milliseconds{ms});
    limit.used(allowed);
    sent += allowed;
  }
  EXPECT_GE(sent, 990U);
  EXPECT_LE(sent, 1'011U);
}

TEST(RateLimitTest, SavesUpNoMoreThanATenthOfASecond) {
  RateLimit limit{100, kStart};
  EXPECT_EQ(limit.allowed(1'000, kStart + std::chrono::hours{1}), 10U);
}

TEST(RateLimitTest, ARateBelowOneASecondGoesOn) {
  RateLimit limit{0.5, kStart};
  ASSERT_EQ(limit.allowed(5, kStart), 1U);
  limit.used(1);
  EXPECT_EQ(limit.allowed(5, kStart + milliseconds{1'999}), 0U);
  EXPECT_EQ(limit.next(), kStart + milliseconds{2'000});
  EXPECT_EQ(limit.allowed(5, limit.next()), 1U);
}

TEST(RateLimitTest, WhatTheSinkDidNotTakeIsNotUsed) {
  RateLimit limit{10, kStart};
  EXPECT_EQ(limit.allowed(1, kStart), 1U);
  limit.used(0);
  EXPECT_EQ(limit.allowed(1, kStart), 1U);
}

class LimitedSinkTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(sink_.connect(queue_)); }

  ManualClock clock_;
  DeliveryQueue queue_;
  FakeSink sink_;
  Batch batch_ = make_batch(1, {{1, "a"}, {2, "b"}, {3, "c"}});
};

TEST_F(LimitedSinkTest, BeyondTheLimitItLooksFullAndSaysWhenToGoOn) {
  LimitedSink limited{sink_, 10, clock_};
  EXPECT_EQ(limited.send(batch_.records).accepted, 1U);
  EXPECT_EQ(limited.resume_at(), clock_.now() + milliseconds{100});
  EXPECT_EQ(limited.send(batch_.records).accepted, 0U);
  EXPECT_EQ(sink_.send_calls(), 1U) << "the sink is not asked for nothing";
  clock_.advance(milliseconds{100});
  EXPECT_EQ(limited.send(std::span<const Record>{batch_.records}.subspan(1)).accepted, 1U);
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(1, 2));
}

TEST_F(LimitedSinkTest, ASinkThatIsFullIsNoMatterOfTime) {
  FakeSink small{1};
  ASSERT_TRUE(small.connect(queue_));
  LimitedSink limited{small, 0, clock_};
  EXPECT_EQ(limited.send(batch_.records).accepted, 1U);
  EXPECT_EQ(limited.resume_at(), std::nullopt);
}

}  // namespace
}  // namespace outbox
