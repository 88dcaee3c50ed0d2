#include "sinks/kafka/topic.hpp"

#include <gtest/gtest.h>

namespace outbox::kafka {
namespace {

// The first letter is the partition.
std::int32_t by_letter(const rd_kafka_topic_t* /*topic*/, const void* key, std::size_t /*size*/,
                       std::int32_t partitions, void* /*opaque*/, void* /*message*/) {
  return (*static_cast<const char*>(key) - 'a') % partitions;
}

class TopicTest : public testing::Test {
 protected:
  void knows_partitions(std::int32_t count) {
    Topic::partition(nullptr, "a", 1, count, &topic_, nullptr);
  }
  Topic topic_{"orders", by_letter};
};

TEST_F(TopicTest, EveryKeyIsColdUntilThePartitionsAreKnown) {
  topic_.acknowledged(0);
  EXPECT_NE(topic_.cold_mark("a"), 0U);
  knows_partitions(2);
  EXPECT_EQ(topic_.cold_mark("a"), 0U);
}

TEST_F(TopicTest, AnAcknowledgementWarmsItsPartitionAlone) {
  knows_partitions(2);
  EXPECT_NE(topic_.cold_mark("a"), 0U);
  topic_.acknowledged(1);
  EXPECT_NE(topic_.cold_mark("a"), 0U);
  EXPECT_EQ(topic_.cold_mark("b"), 0U);
}

TEST_F(TopicTest, RemembersColdKeysInFlight) {
  const auto mark = topic_.cold_mark("a");
  EXPECT_FALSE(topic_.in_flight(mark));
  topic_.sent(mark);
  EXPECT_TRUE(topic_.in_flight(mark));
  EXPECT_FALSE(topic_.in_flight(topic_.cold_mark("b")));
  topic_.reported(mark);
  EXPECT_FALSE(topic_.in_flight(mark));
}

TEST_F(TopicTest, ANewProducerStartsCold) {
  knows_partitions(1);
  topic_.acknowledged(0);
  topic_.sent(7);
  topic_.set_handle(nullptr);
  EXPECT_NE(topic_.cold_mark("a"), 0U);
  EXPECT_FALSE(topic_.in_flight(7));
}

TEST_F(TopicTest, SilentPartitionsBecomeColdAtTheSecondAge) {
  knows_partitions(2);
  topic_.acknowledged(0);
  topic_.acknowledged(1);
  topic_.age();
  topic_.acknowledged(1);
  EXPECT_EQ(topic_.cold_mark("a"), 0U);
  topic_.age();
  EXPECT_NE(topic_.cold_mark("a"), 0U);
  EXPECT_EQ(topic_.cold_mark("b"), 0U);
}

TEST_F(TopicTest, NewPartitionsAreCold) {
  knows_partitions(1);
  topic_.acknowledged(0);
  EXPECT_EQ(topic_.cold_mark("b"), 0U);
  knows_partitions(2);
  EXPECT_NE(topic_.cold_mark("b"), 0U);
}

TEST_F(TopicTest, AChangedNumberOfPartitionsIsToldOnce) {
  EXPECT_FALSE(topic_.take_partition_change());
  knows_partitions(2);
  knows_partitions(3);
  knows_partitions(5);
  topic_.set_handle(nullptr);
  const auto change = topic_.take_partition_change();
  ASSERT_TRUE(change);
  EXPECT_EQ(change->from, 2);
  EXPECT_EQ(change->to, 5);
  EXPECT_FALSE(topic_.take_partition_change());
}

TEST_F(TopicTest, AFailedTopicIsColdAgain) {
  knows_partitions(1);
  topic_.acknowledged(0);
  topic_.chill();
  EXPECT_NE(topic_.cold_mark("a"), 0U);
}

}  // namespace
}  // namespace outbox::kafka
