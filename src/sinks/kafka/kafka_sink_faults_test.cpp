// Errors that a real broker does not give on demand, from librdkafka's in-process mock cluster.
#include <initializer_list>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "sinks/kafka/kafka_sink.hpp"
#include "tests/conformance/sink/sink_harness.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::kafka {
namespace {

using test::Records;
using test::SinkHarness;
using testing::HasSubstr;

class MockCluster {
 public:
  MockCluster()
      : client_(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nullptr, 0)),
        cluster_(rd_kafka_mock_cluster_new(client_, 1)) {}
  ~MockCluster() {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(client_);
  }
  MockCluster(const MockCluster&) = delete;
  MockCluster& operator=(const MockCluster&) = delete;

  [[nodiscard]] std::string brokers() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }
  void make_topic(const char* name) { rd_kafka_mock_topic_create(cluster_, name, 1, 1); }
  void fail_topic(const char* name, rd_kafka_resp_err_t code) {
    rd_kafka_mock_topic_set_error(cluster_, name, code);
  }
  // The answers to the next produce requests.
  void fail_produce(std::initializer_list<rd_kafka_resp_err_t> codes) {
    constexpr std::int16_t kProduce = 0;
    for (const auto code : codes) {
      rd_kafka_mock_push_request_errors(cluster_, kProduce, 1, code);
    }
  }
  void set_down(bool down) {
    if (down) {
      rd_kafka_mock_broker_set_down(cluster_, 1);
    } else {
      rd_kafka_mock_broker_set_up(cluster_, 1);
    }
  }

 private:
  rd_kafka_t* client_;
  rd_kafka_mock_cluster_t* cluster_;
};

class KafkaSinkFaultsTest : public testing::Test {
 protected:
  KafkaSinkFaultsTest() {
    settings_.brokers = cluster_.brokers();
    settings_.topic = "orders";
    settings_.properties["linger.ms"] = "50";  // messages sent at once travel together
    settings_.properties["topic.metadata.propagation.max.ms"] = "500";
    settings_.properties["statistics.interval.ms"] = "50";
    cluster_.make_topic("orders");
  }

  std::unique_ptr<Sink> sink() { return std::make_unique<KafkaSink>(settings_); }

  Records five_keys() {
    Records records;
    for (int i = 0; i < 5; ++i) {
      records.add("key-" + std::to_string(i), "x");
    }
    return records;
  }

  MockCluster cluster_;
  KafkaSettings settings_;
};

TEST_F(KafkaSinkFaultsTest, PassingErrorsAreRetriedWithoutADelivery) {
  const auto records = five_keys();
  SinkHarness harness(sink());
  cluster_.fail_produce({RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                         RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                         RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT});
  harness.send(records.all());
  ASSERT_TRUE(harness.settle());
  EXPECT_EQ(harness.delivered_tags().size(), 5U);
}

TEST_F(KafkaSinkFaultsTest, DeliveriesTellHowLongTheyTook) {
  using std::chrono::steady_clock;
  settings_.properties["linger.ms"] = "200";
  const auto records = five_keys();
  SinkHarness harness(sink());
  const auto begin = steady_clock::now();
  harness.send(records.all());
  ASSERT_TRUE(harness.settle());
  const std::chrono::microseconds at_most =
      std::chrono::ceil<std::chrono::microseconds>(steady_clock::now() - begin);
  for (const auto& delivery : harness.deliveries()) {
    EXPECT_GE(delivery.latency_us, 150'000);
    EXPECT_LE(delivery.latency_us, at_most.count());
  }
}

// "Duplicate" tells librdkafka that the broker has the message; it reports success, but cannot say
// where it lies.
TEST_F(KafkaSinkFaultsTest, ASuccessWithoutAnOffsetIsNoDelivery) {
  Records records;
  records.add("key", "x");
  SinkHarness harness(sink());
  cluster_.fail_produce({RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER});
  ASSERT_TRUE(harness.relay(records));
  ASSERT_EQ(harness.deliveries().size(), 2U);
  ASSERT_TRUE(harness.deliveries()[0].error.has_value());
  EXPECT_EQ(harness.deliveries()[0].error->code, ErrorCode::destination_unavailable);
  EXPECT_FALSE(harness.deliveries()[1].error.has_value());
  EXPECT_GE(harness.deliveries()[1].offset, 0);
}

// The caller sends on while librdkafka has given the producer up and the event thread has not seen
// it yet.
TEST_F(KafkaSinkFaultsTest, NoMessageIsBlamedForTheEndOfTheProducer) {
  settings_.properties["linger.ms"] = "0";
  settings_.properties["batch.num.messages"] = "1";
  Records records;
  for (int i = 0; i < 20'000; ++i) {
    records.add("key-" + std::to_string(i), "x");
  }
  for (int round = 0; round < 10; ++round) {
    SinkHarness harness(sink());
    cluster_.fail_produce({RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE});
    for (const auto& record : records.all()) {
      harness.send({&record, 1});
      if (!harness.deliveries().empty()) break;
    }
    EXPECT_THAT(harness.refusals(), testing::IsEmpty());
  }
}

TEST_F(KafkaSinkFaultsTest, ATopicsFaultIsToldWithItsRemedy) {
  const auto records = five_keys();
  SinkHarness harness(sink());
  cluster_.fail_produce({RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  ASSERT_TRUE(harness.relay(records));
  EXPECT_TRUE(harness.delivered_tags().empty());
  ASSERT_EQ(harness.deliveries().size(), 5U);
  for (const auto& delivery : harness.deliveries()) {
    ASSERT_TRUE(delivery.error.has_value());
    EXPECT_EQ(delivery.error->code, ErrorCode::topic_unavailable);
    EXPECT_THAT(delivery.error->message, HasSubstr("orders"));
    EXPECT_THAT(delivery.error->message, HasSubstr("allow the relay's Kafka user"));
  }
  Records later;
  later.add("key-0", "y");
  ASSERT_TRUE(harness.relay(later));
  EXPECT_EQ(harness.delivered_tags().size(), 1U);
}

TEST_F(KafkaSinkFaultsTest, AnUnknownTopicHoldsUpItsMessagesAndNoOthers) {
  cluster_.fail_topic("missing", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  settings_.routes["ghost"] = "missing";
  Records records = five_keys();
  std::vector<Record> all(records.all().begin(), records.all().end());
  all[2].aggregate_type = "ghost";
  SinkHarness harness(sink());
  harness.send(all);
  ASSERT_TRUE(harness.settle());
  EXPECT_EQ(harness.delivered_tags().size(), 4U);
  const auto missing = harness.of_tag(3);
  ASSERT_EQ(missing.size(), 1U);
  EXPECT_EQ(missing[0].error.value_or(Error{}).code, ErrorCode::topic_unavailable);
  EXPECT_THAT(missing[0].error.value_or(Error{}).message, HasSubstr("create the topic"));
}

// librdkafka knows by now that the topic is missing, and asks again every second.
TEST_F(KafkaSinkFaultsTest, SendItselfTellsOfAnUnknownTopicUntilThereIsOne) {
  cluster_.fail_topic("orders", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  Records records;
  records.add("key", "x");
  SinkHarness harness(sink());
  EXPECT_TRUE(test::eventually([&] {
    harness.send(records.all());
    return harness.settle() && !harness.refusals().empty();
  }));
  EXPECT_EQ(harness.refusals().begin()->second.code, ErrorCode::topic_unavailable);
  EXPECT_THAT(harness.refusals().begin()->second.message, HasSubstr("create the topic"));
  cluster_.fail_topic("orders", RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_TRUE(test::eventually([&] {
    harness.send(records.all());
    return harness.settle() && !harness.delivered_tags().empty();
  }));
}

TEST_F(KafkaSinkFaultsTest, ABatchRefusedForNoOnesFaultArrivesOneByOne) {
  const auto records = five_keys();
  SinkHarness harness(sink());
  cluster_.fail_produce({RD_KAFKA_RESP_ERR_INVALID_RECORD});
  ASSERT_TRUE(harness.relay(records));
  EXPECT_EQ(harness.delivered_tags().size(), 5U);
  ASSERT_EQ(harness.deliveries().size(), 10U);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(harness.deliveries()[i].error.value_or(Error{}).code,
              ErrorCode::destination_unavailable);
  }
}

TEST_F(KafkaSinkFaultsTest, OfARefusedBatchOnlyTheMessageAtFaultIsRejected) {
  const auto records = five_keys();
  SinkHarness harness(sink());
  // The batch, then the first message by itself.
  cluster_.fail_produce({RD_KAFKA_RESP_ERR_INVALID_RECORD, RD_KAFKA_RESP_ERR_INVALID_RECORD});
  ASSERT_TRUE(harness.relay(records));
  EXPECT_EQ(harness.of_tag(1).back().error.value_or(Error{}).code, ErrorCode::message_rejected);
  EXPECT_THAT(harness.delivered_tags(), testing::UnorderedElementsAre(2U, 3U, 4U, 5U));
}

TEST_F(KafkaSinkFaultsTest, AFatalErrorMakesANewProducer) {
  Records records = five_keys();
  SinkHarness harness(sink());
  harness.send(records.all());
  ASSERT_TRUE(harness.settle());
  cluster_.fail_produce({RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER});
  Records more;
  for (int i = 0; i < 100; ++i) {
    more.add("key-" + std::to_string(i), "y");
  }
  ASSERT_TRUE(harness.relay(more));
  std::size_t unavailable = 0;
  for (const auto& delivery : harness.deliveries()) {
    if (!delivery.error) continue;
    EXPECT_EQ(delivery.error->code, ErrorCode::destination_unavailable);
    ++unavailable;
  }
  EXPECT_GT(unavailable, 0U);
  EXPECT_EQ(harness.delivered_tags().size(), 105U);
  EXPECT_EQ(harness.deliveries().size(), harness.accepted());
}

TEST_F(KafkaSinkFaultsTest, HealthFollowsTheBroker) {
  Records records = five_keys();
  SinkHarness harness(sink());
  EXPECT_TRUE(test::eventually([&] { return harness.sink().health().reachable; }));
  cluster_.set_down(true);
  harness.send(records.all());
  EXPECT_TRUE(test::eventually([&] { return !harness.sink().health().reachable; }));
  EXPECT_THAT(harness.sink().health().detail, HasSubstr("no broker can be reached"));
  cluster_.set_down(false);
  EXPECT_TRUE(harness.settle());
  EXPECT_TRUE(test::eventually([&] { return harness.sink().health().reachable; }));
}

TEST_F(KafkaSinkFaultsTest, CloseWhileTheProducerIsReplacedEnds) {
  const auto records = five_keys();
  for (int i = 0; i < 20; ++i) {
    SinkHarness harness(sink());
    cluster_.fail_produce({RD_KAFKA_RESP_ERR_INVALID_RECORD});
    harness.send(records.all());
    harness.take(std::chrono::milliseconds(1'000));
    harness.sink().close();
  }
}

}  // namespace
}  // namespace outbox::kafka
