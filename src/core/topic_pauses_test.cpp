#include "core/topic_pauses.hpp"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace outbox {
namespace {

using std::chrono::milliseconds;

const Error kUnknown{ErrorCode::topic_unavailable, "the topic is unknown"};

class TopicPausesTest : public ::testing::Test {
 protected:
  // The end of a pause that begins now. A drawn delay may be 0, and is no pause then.
  TopicPauses::time_point pause(const std::string& type) {
    for (int i = 0; i < 100; ++i) {
      if (pauses_.failed(type, kUnknown, now_) && pauses_.end(type, now_) > now_) {
        return pauses_.end(type, now_);
      }
    }
    return now_;
  }

  TopicPauses::time_point now_{std::chrono::hours{1}};
  TopicPauses pauses_{{milliseconds{100}, milliseconds{1'000}}, 1};
};

TEST_F(TopicPausesTest, OnlyTheTypeThatFailedPauses) {
  const auto end = pause("order");
  ASSERT_GT(end, now_);
  const Error* const reason = pauses_.reason("order", now_);
  ASSERT_NE(reason, nullptr);
  EXPECT_EQ(reason->code, ErrorCode::topic_unavailable);
  EXPECT_EQ(pauses_.reason("invoice", now_), nullptr);
  EXPECT_EQ(pauses_.end("invoice", now_), now_);
}

TEST_F(TopicPausesTest, APauseEndsByItself) {
  const auto end = pause("order");
  EXPECT_NE(pauses_.reason("order", end - milliseconds{1}), nullptr);
  EXPECT_EQ(pauses_.reason("order", end), nullptr);
}

TEST_F(TopicPausesTest, WhatWasSentBeforeThePauseDoesNotLengthenIt) {
  const auto end = pause("order");
  EXPECT_FALSE(pauses_.failed("order", kUnknown, now_));
  EXPECT_EQ(pauses_.end("order", now_), end);
}

TEST_F(TopicPausesTest, PausesGrowUntilSomethingIsDelivered) {
  milliseconds longest{0};
  for (int i = 0; i < 50; ++i) {
    const auto end = pause("order");
    longest = std::max(longest, std::chrono::duration_cast<milliseconds>(end - now_));
    now_ = end;
  }
  EXPECT_GT(longest, milliseconds{300});
  EXPECT_LE(longest, milliseconds{1'000});
  pauses_.delivered("order");
  EXPECT_TRUE(pauses_.failed("order", kUnknown, now_));
  EXPECT_LE(pauses_.end("order", now_) - now_, milliseconds{100});
}

TEST_F(TopicPausesTest, ADeliveryEndsThePause) {
  ASSERT_GT(pause("order"), now_);
  pauses_.delivered("order");
  EXPECT_EQ(pauses_.reason("order", now_), nullptr);
}

}  // namespace
}  // namespace outbox
