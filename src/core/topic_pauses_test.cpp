#include "core/topic_pauses.hpp"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "core/testing/fake_sink.hpp"

namespace outbox {
namespace {

using std::chrono::milliseconds;

const Error kUnknown{ErrorCode::topic_unavailable, "the topic is unknown"};

class TopicPausesTest : public ::testing::Test {
 protected:
  // The end of a pause that begins now. A drawn delay may be 0, and is no pause then.
  TopicPauses::time_point pause(const Record& record) {
    for (int i = 0; i < 100; ++i) {
      if (pauses_.failed(record, kUnknown, now_) && pauses_.end(record, now_) > now_) {
        return pauses_.end(record, now_);
      }
    }
    return now_;
  }
  static Record record_of(std::string_view type, std::string_view topic = {}) {
    Record record;
    record.aggregate_type = type;
    record.topic = topic;
    return record;
  }
  static std::shared_ptr<const TopicNames> names(TopicNames topics) {
    return std::make_shared<const TopicNames>(std::move(topics));
  }

  TopicPauses::time_point now_{std::chrono::hours{1}};
  FakeSink sink_;  // a message's topic is its aggregate type, unless it names one
  TopicPauses pauses_{{milliseconds{100}, milliseconds{1'000}}, 1, sink_};
  const Record order_ = record_of("order");
  const Record invoice_ = record_of("invoice");
};

TEST_F(TopicPausesTest, OnlyTheTypeThatFailedPauses) {
  const auto end = pause(order_);
  ASSERT_GT(end, now_);
  const Error* const reason = pauses_.reason(order_, now_);
  ASSERT_NE(reason, nullptr);
  EXPECT_EQ(reason->code, ErrorCode::topic_unavailable);
  EXPECT_EQ(pauses_.reason(invoice_, now_), nullptr);
  EXPECT_EQ(pauses_.end(invoice_, now_), now_);
}

TEST_F(TopicPausesTest, APauseEndsByItself) {
  const auto end = pause(order_);
  EXPECT_NE(pauses_.reason(order_, end - milliseconds{1}), nullptr);
  EXPECT_EQ(pauses_.reason(order_, end), nullptr);
}

TEST_F(TopicPausesTest, WhatWasSentBeforeThePauseDoesNotLengthenIt) {
  const auto end = pause(order_);
  EXPECT_FALSE(pauses_.failed(order_, kUnknown, now_));
  EXPECT_EQ(pauses_.end(order_, now_), end);
}

TEST_F(TopicPausesTest, PausesGrowUntilSomethingIsDelivered) {
  milliseconds longest{0};
  for (int i = 0; i < 50; ++i) {
    const auto end = pause(order_);
    longest = std::max(longest, std::chrono::duration_cast<milliseconds>(end - now_));
    now_ = end;
  }
  EXPECT_GT(longest, milliseconds{300});
  EXPECT_LE(longest, milliseconds{1'000});
  pauses_.delivered(order_);
  EXPECT_TRUE(pauses_.failed(order_, kUnknown, now_));
  EXPECT_LE(pauses_.end(order_, now_) - now_, milliseconds{100});
}

TEST_F(TopicPausesTest, ADeliveryEndsThePause) {
  ASSERT_GT(pause(order_), now_);
  pauses_.delivered(order_);
  EXPECT_EQ(pauses_.reason(order_, now_), nullptr);
}

TEST_F(TopicPausesTest, ATopicThatAMessageNamesPausesByItself) {
  const Record repair = record_of("order", "repair");
  const Record namesake = record_of("order", "order");
  ASSERT_GT(pause(repair), now_);
  EXPECT_NE(pauses_.reason(repair, now_), nullptr);
  EXPECT_NE(pauses_.reason(record_of("invoice", "repair"), now_), nullptr);
  EXPECT_EQ(pauses_.reason(order_, now_), nullptr) << "live messages of the type go on";
  ASSERT_GT(pause(order_), now_);
  EXPECT_EQ(pauses_.reason(record_of("order", "elsewhere"), now_), nullptr);
  EXPECT_EQ(pauses_.reason(namesake, now_), nullptr) << "a type is no topic";
  pauses_.delivered(repair);
  EXPECT_EQ(pauses_.reason(repair, now_), nullptr);
  EXPECT_NE(pauses_.reason(order_, now_), nullptr);
  pauses_.clear();
  EXPECT_EQ(pauses_.reason(order_, now_), nullptr);
}

TEST_F(TopicPausesTest, AHeldTopicWaitsUntilOperatorsLetGoOfIt) {
  EXPECT_TRUE(pauses_.hold(names({"order"})));
  const Error* const reason = pauses_.reason(order_, now_);
  ASSERT_NE(reason, nullptr);
  EXPECT_EQ(reason->code, ErrorCode::topic_unavailable);
  EXPECT_EQ(reason->message, "paused by an operator");
  EXPECT_EQ(pauses_.end(order_, now_), TopicPauses::time_point::max());
  EXPECT_EQ(pauses_.reason(invoice_, now_), nullptr);
  EXPECT_TRUE(pauses_.hold(nullptr));
  EXPECT_EQ(pauses_.reason(order_, now_), nullptr);
  EXPECT_EQ(pauses_.end(order_, now_), now_);
}

TEST_F(TopicPausesTest, AMessageThatNamesItsTopicIsHeldByThat) {
  pauses_.hold(names({"repair"}));
  EXPECT_TRUE(pauses_.is_held(record_of("order", "repair")));
  EXPECT_FALSE(pauses_.is_held(order_));
  pauses_.hold(names({"order"}));
  EXPECT_FALSE(pauses_.is_held(record_of("order", "repair")));
}

TEST_F(TopicPausesTest, WhatIsHeldIsNoFailure) {
  pauses_.hold(names({"order"}));
  EXPECT_FALSE(pauses_.failed(order_, kUnknown, now_));
  pauses_.hold(nullptr);
  EXPECT_EQ(pauses_.reason(order_, now_), nullptr) << "no pause has begun meanwhile";
}

TEST_F(TopicPausesTest, HoldingWhatIsHeldIsNoChange) {
  const auto topics = names({"order"});
  EXPECT_FALSE(pauses_.hold(nullptr));
  EXPECT_FALSE(pauses_.hold(names({})));
  EXPECT_TRUE(pauses_.hold(topics));
  EXPECT_FALSE(pauses_.hold(topics));
  EXPECT_TRUE(pauses_.hold(names({"order", "invoice"})));
}

}  // namespace
}  // namespace outbox
