#include "demo/topic_scan.hpp"

#include <array>

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include "tests/support/environment.hpp"
#include "tests/support/kafka_topic.hpp"

namespace outbox::demo {
namespace {

// Sends records with these ids, one after the other over the partitions.
void send(const std::string& brokers, const std::string& topic,
          const std::vector<std::string>& ids) {
  std::array<char, 256> reason{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", brokers.c_str(), reason.data(), reason.size());
  rd_kafka_t* producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason.data(), reason.size());
  ASSERT_NE(producer, nullptr);
  std::int32_t partition = 0;
  for (const std::string& id : ids) {
    rd_kafka_headers_t* headers = rd_kafka_headers_new(1);
    rd_kafka_header_add(headers, "id", -1, id.data(), static_cast<ssize_t>(id.size()));
    std::array<rd_kafka_vu_t, 3> fields{};
    fields[0].vtype = RD_KAFKA_VTYPE_TOPIC;
    fields[0].u.cstr = topic.c_str();
    fields[1].vtype = RD_KAFKA_VTYPE_PARTITION;
    fields[1].u.i32 = partition++ % 3;
    fields[2].vtype = RD_KAFKA_VTYPE_HEADERS;
    fields[2].u.headers = headers;
    ASSERT_EQ(rd_kafka_produceva(producer, fields.data(), fields.size()), nullptr);
  }
  EXPECT_EQ(rd_kafka_flush(producer, 20'000), RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_destroy(producer);
}

TEST(TopicScan, CountsRecordsAndThoseThatCameAgain) {
  const std::string brokers = test::require_env("OUTBOX_TEST_KAFKA");
  const auto topic = test::KafkaTopic::create(brokers, test::unique_topic_name("scan"), 3);
  send(brokers, topic.name(), {"a", "b", "c", "a", "d", "a", "b"});
  const auto scan = scan_topic(brokers, topic.name(), std::chrono::seconds(20));
  ASSERT_TRUE(scan) << scan.error().message;
  EXPECT_EQ(scan->records, 7);
  EXPECT_EQ(scan->duplicates, 3);
}

TEST(TopicScan, ATopicThatDoesNotExistHasNoRecords) {
  const auto scan = scan_topic(test::require_env("OUTBOX_TEST_KAFKA"),
                               test::unique_topic_name("absent"), std::chrono::seconds(20));
  ASSERT_TRUE(scan) << scan.error().message;
  EXPECT_EQ(scan->records, 0);
}

TEST(TopicScan, ABrokerThatIsAwayIsAnError) {
  EXPECT_FALSE(scan_topic("127.0.0.1:1", "any", std::chrono::milliseconds(500)));
}

}  // namespace
}  // namespace outbox::demo
