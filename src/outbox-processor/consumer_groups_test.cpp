#include "outbox-processor/consumer_groups.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outbox {
namespace {

using kafka::TopicLag;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class ConsumerGroupsTest : public testing::Test {
 protected:
  void found(std::vector<TopicLag> topics) {
    answer_ = Result<std::vector<TopicLag>>{std::move(topics)};
    groups_.look(at_ += seconds{5});
  }
  void lost() {
    answer_ = Error{ErrorCode::destination_unavailable, "no broker answers"};
    groups_.look(at_ += seconds{5});
  }
  [[nodiscard]] ConsumerGroup now() const { return groups_.now().at(0); }
  [[nodiscard]] std::string told() const { return metrics_.render(); }

  ConsumerGroups::Clock::time_point at_ = ConsumerGroups::Clock::now();
  TopicNames asked_;
  telemetry::Metrics metrics_{"test"};
  RelayMetrics relay_{metrics_};
  Result<std::vector<TopicLag>> answer_{std::vector<TopicLag>{}};
  ConsumerGroups groups_{[this](const TopicNames& sent_to, const std::stop_token&) {
                           asked_ = sent_to;
                           return std::vector<kafka::GroupLag>{{"bills", answer_}};
                         },
                         {"bills"},
                         relay_,
                         metrics_};
};

TEST_F(ConsumerGroupsTest, NothingIsSaidBeforeTheFirstLook) {
  EXPECT_EQ(now().group, "bills");
  EXPECT_FALSE(now().lag);
  EXPECT_FALSE(now().per_second);
  EXPECT_FALSE(now().problem);
}

TEST_F(ConsumerGroupsTest, SumsTheTopicsAndTellsHowFastTheOffsetsMove) {
  found({{"orders", 5, 1'000}, {"refunds", 40, 10}});
  EXPECT_EQ(now().lag, 45);
  EXPECT_FALSE(now().per_second) << "of one look";
  EXPECT_EQ(now().topics[0].topic, "refunds");
  found({{"orders", 3, 1'500}, {"refunds", 0, 60}});
  EXPECT_EQ(now().lag, 3);
  EXPECT_DOUBLE_EQ(now().per_second.value_or(0), 110);
  EXPECT_THAT(told(), HasSubstr(R"(outbox_consumer_lag{group="bills",topic="orders"} 3)"));
  EXPECT_THAT(told(), HasSubstr(R"(outbox_consumer_position{group="bills",topic="orders"} 1500)"));
}

TEST_F(ConsumerGroupsTest, ATopicThatComesLaterIsNoWork) {
  found({{"orders", 0, 1'000}});
  found({{"orders", 0, 1'000}, {"refunds", 0, 1'000'000}});
  EXPECT_DOUBLE_EQ(now().per_second.value_or(-1), 0);
}

TEST_F(ConsumerGroupsTest, SaysWhatCannotBeReadAndForgetsWhatIsGone) {
  found({{"orders", 5, 1'000}, {"refunds", 40, 10}});
  lost();
  EXPECT_FALSE(now().lag);
  EXPECT_EQ(now().problem, "no broker answers");
  EXPECT_THAT(told(), HasSubstr(R"(outbox_consumer_lag{group="bills",topic="orders"} Nan)"));
  found({{"orders", 5, 1'000}});
  EXPECT_EQ(now().lag, 5);
  EXPECT_FALSE(now().problem);
  EXPECT_THAT(told(), Not(HasSubstr("refunds")));
}

TEST_F(ConsumerGroupsTest, AGroupIsBehindAfterAMinuteOfTooSlowAPace) {
  for (int i = 0; i < 13; ++i) {
    EXPECT_FALSE(now().behind) << i;
    found({{"orders", 1'000, 70}});
  }
  found({{"orders", 1'000, 70}});
  EXPECT_TRUE(now().behind);
  found({{"orders", 1'000, 2'000}});
  EXPECT_FALSE(now().behind) << "it catches up within a minute";
}

TEST_F(ConsumerGroupsTest, AFewOffsetsThatStayAreNoLagToTellOf) {
  for (int i = 0; i < 20; ++i)
    found({{"orders", ConsumerGroups::kFew, 70}});
  EXPECT_FALSE(now().behind);
}

TEST_F(ConsumerGroupsTest, AsksForTheTopicsThatTheRelaySendsTo) {
  Record record;
  Delivery delivery;
  delivery.topic = "orders";
  RelayObserver& observer = relay_;
  observer.acknowledged(record, delivery);
  observer.deliveries_taken();
  found({});
  EXPECT_EQ(asked_, TopicNames{"orders"});
}

}  // namespace
}  // namespace outbox
