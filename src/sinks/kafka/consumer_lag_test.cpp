// How far groups are behind, on a real broker.
#include "sinks/kafka/consumer_lag.hpp"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sinks/kafka/kafka_sink.hpp"
#include "tests/conformance/sink/sink_harness.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/kafka_topic.hpp"
#include "tests/support/own_stack.hpp"

namespace outbox::kafka {
namespace {

using test::KafkaTopic;
using testing::HasSubstr;
using testing::SizeIs;

// Commits as a consumer of the group would.
void commit(const std::string& brokers, const std::string& group, const std::string& topic,
            std::int32_t partition, std::int64_t offset) {
  std::array<char, 512> problem{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", brokers.c_str(), problem.data(), problem.size());
  rd_kafka_conf_set(conf, "group.id", group.c_str(), problem.data(), problem.size());
  rd_kafka_t* consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, problem.data(), problem.size());
  ASSERT_NE(consumer, nullptr) << problem.data();
  rd_kafka_topic_partition_list_t* offsets = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(offsets, topic.c_str(), partition)->offset = offset;
  EXPECT_EQ(rd_kafka_commit(consumer, offsets, 0), RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_topic_partition_list_destroy(offsets);
  rd_kafka_destroy(consumer);
}

class ConsumerLagTest : public testing::Test {
 protected:
  ConsumerLagTest() { settings_.brokers = brokers_; }

  // Ten messages; how many are in each partition.
  std::vector<std::int64_t> fill(const KafkaTopic& topic) {
    settings_.topic = topic.name();
    test::Records records;
    for (int i = 0; i < 10; ++i)
      records.add("key-" + std::to_string(i), "x");
    test::SinkHarness harness(std::make_unique<KafkaSink>(settings_));
    EXPECT_TRUE(harness.relay(records));
    std::vector<std::int64_t> filled(2);
    for (const auto& record : topic.read_all())
      ++filled.at(static_cast<std::size_t>(record.partition));
    return filled;
  }
  KafkaTopic make_topic() const {
    return KafkaTopic::create(brokers_, test::unique_topic_name("lag"), 2);
  }
  std::vector<GroupLag> ask(const std::vector<std::string>& groups,
                            const TopicNames& sent_to = {}) const {
    const auto lag = ConsumerLag::make(settings_, groups);
    EXPECT_TRUE(lag);
    return (*lag)->ask(sent_to);
  }

  std::string brokers_ = test::require_env("OUTBOX_TEST_KAFKA");
  std::string group_ = test::unique_topic_name("group");
  KafkaSettings settings_;
};

TEST_F(ConsumerLagTest, CountsWhatIsBehindTheCommittedOffsetsOfEachTopic) {
  const KafkaTopic topic = make_topic();
  const KafkaTopic other = make_topic();
  const auto filled = fill(topic);
  ASSERT_EQ(filled[0] + filled[1], 10);
  const std::int32_t some = filled[0] > 1 ? 0 : 1;
  commit(brokers_, group_, topic.name(), some, 1);
  auto lags = ask({group_}, {topic.name(), other.name()});
  ASSERT_THAT(lags, SizeIs(1));
  ASSERT_TRUE(lags[0].topics) << lags[0].topics.error().message;
  ASSERT_THAT(*lags[0].topics, SizeIs(1)) << "a topic counts that the group does not read";
  EXPECT_EQ((*lags[0].topics)[0].topic, topic.name());
  EXPECT_EQ((*lags[0].topics)[0].lag, 9) << "the partition without an offset counts as a whole";
  EXPECT_EQ((*lags[0].topics)[0].position, 1);
  commit(brokers_, group_, topic.name(), 0, filled[0]);
  commit(brokers_, group_, topic.name(), 1, filled[1] + 7);  // as after the topic was made anew
  commit(brokers_, group_, other.name(), 0, 0);
  lags = ask({group_}, {topic.name(), other.name()});
  ASSERT_THAT(*lags[0].topics, SizeIs(2));
  for (const TopicLag& lag : *lags[0].topics)
    EXPECT_EQ(lag.lag, 0) << lag.topic;
}

TEST_F(ConsumerLagTest, EachGroupHasItsOwnAnswer) {
  const KafkaTopic topic = make_topic();
  fill(topic);
  commit(brokers_, group_, topic.name(), 0, 0);
  const auto lags = ask({"nobody-reads-as-this", group_}, {topic.name()});
  ASSERT_THAT(lags, SizeIs(2));
  ASSERT_FALSE(lags[0].topics);
  EXPECT_EQ(lags[0].topics.error().code, ErrorCode::not_found);
  EXPECT_THAT(lags[0].topics.error().message, HasSubstr("nobody-reads-as-this"));
  ASSERT_TRUE(lags[1].topics);
  EXPECT_EQ((*lags[1].topics)[0].lag, 10);
}

TEST_F(ConsumerLagTest, ATopicThatIsDeletedEndsNothing) {
  const KafkaTopic topic = make_topic();
  const KafkaTopic gone = make_topic();
  commit(brokers_, group_, topic.name(), 0, 0);
  commit(brokers_, group_, gone.name(), 0, 0);
  const auto lag = ConsumerLag::make(settings_, {group_});
  ASSERT_TRUE(lag);
  EXPECT_THAT(*(*lag)->ask({topic.name(), gone.name()})[0].topics, SizeIs(2));
  gone.remove();
  const auto after = (*lag)->ask({topic.name(), gone.name()})[0].topics;
  ASSERT_TRUE(after) << after.error().message;
  ASSERT_THAT(*after, SizeIs(1));
  EXPECT_EQ((*after)[0].topic, topic.name());
}

TEST_F(ConsumerLagTest, BrokersThatAreAwayAreSaidInTime) {
  settings_.brokers = "127.0.0.1:1";
  const auto lag = ConsumerLag::make(settings_, {group_}, std::chrono::milliseconds{500});
  ASSERT_TRUE(lag);
  const auto begin = std::chrono::steady_clock::now();
  const auto lags = (*lag)->ask({"orders"});
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{10});
  ASSERT_FALSE(lags[0].topics);
  EXPECT_EQ(lags[0].topics.error().code, ErrorCode::destination_unavailable);
}

TEST_F(ConsumerLagTest, TheSinksOwnPropertiesHold) {
  settings_.properties["security.protocol"] = "SASL_PLAINTEXT";
  settings_.properties["sasl.mechanisms"] = "NO-SUCH";
  const auto lag = ConsumerLag::make(settings_, {group_});
  ASSERT_FALSE(lag);
  EXPECT_EQ(lag.error().code, ErrorCode::invalid_argument);
}

TEST_F(ConsumerLagTest, BeforeAnythingIsSentThereIsNothingToAskAbout) {
  const auto lags = ask({group_});
  ASSERT_FALSE(lags[0].topics);
  EXPECT_EQ(lags[0].topics.error().code, ErrorCode::not_found);
}

// While __consumer_offsets is made and loaded, and while its broker is down and comes back.
TEST(ConsumerLagOfAFreshBrokerTest, OutlivesACoordinatorThatIsNotReady) {
  const test::OwnStack stack("consumer-lag", "kafka");
  KafkaSettings settings;
  settings.brokers = stack.variable("OUTBOX_TEST_KAFKA");
  const KafkaTopic topic = KafkaTopic::create(settings.brokers, test::unique_topic_name("lag"), 2);
  const auto lag = ConsumerLag::make(settings, {"first", "second"}, std::chrono::seconds{1});
  ASSERT_TRUE(lag);
  const auto answers = [&] {
    const auto found = (*lag)->ask({topic.name()});
    return !found[1].topics && found[1].topics.error().code == ErrorCode::not_found;
  };
  EXPECT_TRUE(test::eventually(answers));
  stack.kill("kafka");
  EXPECT_FALSE(answers());
  EXPECT_FALSE(answers());
  stack.start("kafka");
  EXPECT_TRUE(test::eventually(answers));
}

}  // namespace
}  // namespace outbox::kafka
