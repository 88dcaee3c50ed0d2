// What is Kafka's own about the sink, on a real broker; tests/conformance/sink has the rest.
#include "sinks/kafka/kafka_sink.hpp"

#include <array>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sinks/kafka/arguments.hpp"
#include "sinks/kafka/producer.hpp"
#include "sinks/kafka/topic.hpp"
#include "tests/conformance/sink/sink_harness.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/kafka_topic.hpp"

namespace outbox::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::KafkaTopic;
using test::Records;
using test::SinkHarness;
using testing::HasSubstr;

class KafkaSinkTest : public testing::Test {
 protected:
  KafkaSinkTest() { settings_.brokers = brokers_; }

  KafkaTopic make_topic(std::int32_t partitions, const KafkaTopic::Config& config = {}) {
    auto topic = KafkaTopic::create(brokers_, test::unique_topic_name("kafka"), partitions, config);
    settings_.topic = topic.name();
    return topic;
  }

  std::unique_ptr<Sink> sink() { return std::make_unique<KafkaSink>(settings_); }

  std::string brokers_ = test::require_env("OUTBOX_TEST_KAFKA");
  KafkaSettings settings_;
};

std::size_t varint_size(std::size_t value) {
  std::size_t size = 1;
  for (value *= 2; value >= 128; value /= 128) {  // zigzag of a positive number
    ++size;
  }
  return size;
}

// The bytes of a record batch with one record and the header `id` alone, by Kafka's format v2.
std::size_t batch_size(std::size_t key, std::size_t value) {
  constexpr std::size_t kBatchHeader = 61;
  constexpr std::size_t kAttributesAndDeltas = 3;
  constexpr std::size_t kHeaders = 1 + (1 + 2) + (1 + 36);  // count, name, value
  const std::size_t record =
      kAttributesAndDeltas + varint_size(key) + key + varint_size(value) + value + kHeaders;
  return kBatchHeader + varint_size(record) + record;
}

TEST_F(KafkaSinkTest, DeliversTheBrokersExactMaximumAndRefusesOneByteMore) {
  constexpr std::size_t kBrokersDefault = 1'048'588;
  const auto topic = make_topic(1);
  settings_.headers = "plain";
  settings_.properties["compression.codec"] = "none";
  std::size_t largest = kBrokersDefault - 200;
  while (batch_size(1, largest) < kBrokersDefault) {
    ++largest;
  }
  ASSERT_EQ(batch_size(1, largest), kBrokersDefault);
  Records records;
  records.add("a", std::string(largest, 'x'));
  records.add("b", std::string(largest + 1, 'x'));
  records.add("c", "after");
  SinkHarness harness(sink());
  ASSERT_TRUE(harness.relay(records));
  const auto refused = harness.of_tag(2);
  ASSERT_FALSE(refused.empty());
  ASSERT_TRUE(refused.back().error.has_value());
  EXPECT_EQ(refused.back().error->code, ErrorCode::message_rejected);
  EXPECT_THAT(refused.back().error->message, HasSubstr("max.message.bytes"));
  const auto arrived = topic.read_all();
  ASSERT_GE(arrived.size(), 2U);
  EXPECT_EQ(arrived.front().value.value_or("").size(), largest);
  EXPECT_EQ(arrived.back().value, "after");
}

TEST_F(KafkaSinkTest, WhatLingersGoesAtOnceWhenItIsHurried) {
  const auto topic = make_topic(1);
  settings_.properties["linger.ms"] = "300000";
  const auto conf = make_conf(settings_);
  ASSERT_TRUE(conf);
  auto producer = Producer::make(conf->conf.get(), {});
  ASSERT_TRUE(producer);
  Topic to(topic.name(), conf->partitioner);
  ASSERT_TRUE((*producer)->open(to));
  Arguments arguments;
  arguments.add(RD_KAFKA_VTYPE_RKT).u.rkt = to.handle();
  arguments.add_bytes(RD_KAFKA_VTYPE_KEY, "a");
  ASSERT_EQ((*producer)->produce(arguments, Headers(rd_kafka_headers_new(1))),
            RD_KAFKA_RESP_ERR_NO_ERROR);
  (*producer)->hurry();
  const auto reported = [&] {
    const Event event = (*producer)->poll(milliseconds(100));
    return event != nullptr && rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_DR;
  };
  EXPECT_TRUE(test::eventually(reported));
}

TEST_F(KafkaSinkTest, ALingerOfTheUsersOwnIsKeptAlsoInAHurry) {
  const auto topic = make_topic(1);
  settings_.properties["linger.ms"] = "1000";
  Records records;
  records.add("a", "x");
  SinkHarness harness(sink());
  const auto began = std::chrono::steady_clock::now();
  harness.send(records.all());
  harness.sink().hurry();
  ASSERT_TRUE(harness.settle());
  EXPECT_GE(std::chrono::steady_clock::now() - began, seconds(1));
}

TEST_F(KafkaSinkTest, FindsTheMessageAtFaultInABatchAndDeliversTheOthers) {
  const auto topic = make_topic(1, {{"max.message.bytes", "2000"}});
  settings_.properties["compression.codec"] = "none";
  settings_.properties["linger.ms"] = "200";  // so that they travel together
  Records records;
  for (int i = 0; i < 10; ++i) {
    records.add("key-" + std::to_string(i), std::string(i == 4 ? 5'000 : 10, 'x'));
  }
  SinkHarness harness(sink());
  ASSERT_TRUE(harness.relay(records));
  const auto first = harness.of_tag(1).front();
  ASSERT_TRUE(first.error.has_value()) << "they did not travel together";
  EXPECT_EQ(first.error->code, ErrorCode::destination_unavailable);
  EXPECT_THAT(first.error->message, HasSubstr("one by one"));
  const auto guilty = harness.of_tag(5).back();
  ASSERT_TRUE(guilty.error.has_value());
  EXPECT_EQ(guilty.error->code, ErrorCode::message_rejected);
  std::set<std::string> keys;
  for (const auto& record : topic.read_all()) {
    keys.insert(record.key.value_or(""));
  }
  EXPECT_EQ(keys.size(), 9U);
  EXPECT_FALSE(keys.contains("key-4"));
}

TEST_F(KafkaSinkTest, LearnsHowLargeABatchTheTopicTakes) {
  const auto topic = make_topic(1, {{"max.message.bytes", "50000"}});
  settings_.properties["compression.codec"] = "none";
  settings_.properties["linger.ms"] = "200";  // so that each burst is one batch, if it may be
  SinkHarness harness(sink());
  std::size_t failures = 1;
  int bursts = 0;
  std::size_t sent = 0;
  for (; failures > 0 && bursts < 10; ++bursts) {
    Records records;
    for (int i = 0; i < 500; ++i) {
      records.add("key-" + std::to_string(i), std::string(400, 'x'));
    }
    sent += records.size();
    const auto before = harness.deliveries().size();
    ASSERT_TRUE(harness.relay(records));
    failures = harness.deliveries().size() - before - records.size();
  }
  EXPECT_EQ(failures, 0U) << "batches are still too large after " << bursts << " bursts";
  EXPECT_GT(bursts, 1) << "nothing had to be learned";
  EXPECT_GE(topic.read_all().size(), sent);
}

TEST_F(KafkaSinkTest, RoutesByAggregateTypeAndLetsTheBrokerCreateTopics) {
  const auto routed = make_topic(1);
  const auto suffix = test::unique_topic_name("t");
  settings_.topic = "${aggregatetype}." + suffix;
  settings_.routes["order"] = routed.name();
  Records records;
  records.add("k", "1");
  records.add("k", "2");
  std::array<Record, 3> all{records.by_tag(1), records.by_tag(2), records.by_tag(1)};
  all[1].aggregate_type = "customer";
  all[2].aggregate_type = "no topic";
  SinkHarness harness(sink());
  harness.send(all);
  ASSERT_TRUE(harness.settle());
  EXPECT_EQ(routed.read_all().size(), 1U);
  const KafkaTopic created(brokers_, "customer." + suffix);
  const auto arrived = created.read_all();
  ASSERT_EQ(arrived.size(), 1U);
  EXPECT_EQ(arrived[0].value, "2");
  EXPECT_EQ(harness.of_tag(2).front().topic, created.name());
  ASSERT_EQ(harness.refusals().size(), 1U);
  created.remove();
}

TEST_F(KafkaSinkTest, WritesCloudEventsUnlessToldOtherwise) {
  const auto topic = make_topic(1);
  Records records;
  records.add("k", "{}", R"({"traceparent":"00-1","ce_id":"forged"})");
  for (const auto* mode : {"cloudevents", "plain"}) {
    settings_.headers = mode;
    settings_.ce_source = "//shop";
    SinkHarness harness(sink());
    harness.send(records.all());
    ASSERT_TRUE(harness.settle());
  }
  const auto arrived = topic.read_all();
  ASSERT_EQ(arrived.size(), 2U);
  const auto id = records.by_tag(1).id.to_string();
  EXPECT_EQ(arrived[0].header("id"), id);
  EXPECT_EQ(arrived[0].header("ce_id"), id);
  EXPECT_EQ(arrived[0].header("ce_source"), "//shop");
  EXPECT_EQ(arrived[0].header("ce_type"), "OrderCreated");
  EXPECT_EQ(arrived[0].header("ce_time"), "2025-11-24T22:24:24.000042Z");
  EXPECT_EQ(arrived[0].header("content-type"), "application/json");
  EXPECT_EQ(arrived[0].header("traceparent"), "00-1");
  EXPECT_EQ(arrived[0].headers.size(), 8U);
  EXPECT_EQ(arrived[1].headers.size(), 3U);
}

TEST_F(KafkaSinkTest, UsesPartitionsThatAreAddedLater) {
  const auto topic = make_topic(1);
  settings_.properties["topic.metadata.refresh.interval.ms"] = "200";
  SinkHarness harness(sink());
  std::set<std::int32_t> partitions;
  std::size_t sent = 0;
  const auto burst = [&] {
    Records records;
    for (int i = 0; i < 100; ++i) {
      records.add("key-" + std::to_string(i), "x");
    }
    sent += records.size();
    ASSERT_TRUE(harness.relay(records));
    for (const auto& delivery : harness.deliveries()) {
      ASSERT_FALSE(delivery.error.has_value());
      partitions.insert(delivery.partition);
    }
  };
  burst();
  EXPECT_EQ(partitions, std::set<std::int32_t>{0});
  EXPECT_EQ(harness.sink().health().topic_partition_changes, 0U);
  topic.set_partitions(4);
  const auto deadline = std::chrono::steady_clock::now() + seconds(30);
  while (partitions.size() < 4 && std::chrono::steady_clock::now() < deadline) {
    burst();
  }
  EXPECT_EQ(partitions.size(), 4U);
  EXPECT_EQ(topic.read_all().size(), sent);
  EXPECT_TRUE(
      test::eventually([&] { return harness.sink().health().topic_partition_changes == 1; }));
}

TEST_F(KafkaSinkTest, AMessageMayNameItsTopicItself) {
  make_topic(1);
  const auto other = KafkaTopic::create(brokers_, test::unique_topic_name("kafka"));
  Records records;
  records.add("k", "1");
  records.add("k", "2");
  std::array<Record, 2> all{records.by_tag(1), records.by_tag(2)};
  all[0].topic = other.name();
  all[1].topic = "no topic";
  SinkHarness harness(sink());
  harness.send(all);
  ASSERT_TRUE(harness.settle());
  EXPECT_EQ(harness.of_tag(1).front().topic, other.name());
  EXPECT_EQ(other.read_all().size(), 1U);
  ASSERT_EQ(harness.refusals().size(), 1U);
  EXPECT_EQ(harness.refusals().begin()->second.code, ErrorCode::message_rejected);
  EXPECT_THAT(harness.refusals().begin()->second.message, HasSubstr("\"no topic\""));
  other.remove();
}

TEST_F(KafkaSinkTest, PartitionsByTheKeyAsJavaDoes) {
  const auto topic = make_topic(7);
  // From the tests of Kafka's Java client (Utils.murmur2).
  const std::map<std::string, std::int32_t> hashes = {{"21", -973932308},
                                                      {"foobar", -790332482},
                                                      {"a-little-bit-long-string", -985981536},
                                                      {"a-little-bit-longer-string", -1486304829},
                                                      {"abc", 479470107}};
  Records records;
  for (const auto& [key, hash] : hashes) {
    records.add(key, "x");
  }
  SinkHarness harness(sink());
  harness.send(records.all());
  ASSERT_TRUE(harness.settle());
  for (const auto& record : topic.read_all()) {
    const auto key = record.key.value_or("");
    EXPECT_EQ(record.partition, (hashes.at(key) & 0x7fffffff) % 7) << key;
  }
}

TEST_F(KafkaSinkTest, RefusesBadSettingsAtConnect) {
  settings_.properties["acks"] = "1";
  DeliveryQueue queue;
  KafkaSink refused(settings_);
  const auto connected = refused.connect(queue);
  ASSERT_FALSE(connected.ok());
  EXPECT_EQ(connected.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace outbox::kafka
