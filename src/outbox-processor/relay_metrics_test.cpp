#include "outbox-processor/relay_metrics.hpp"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/telemetry/log.hpp"

namespace outbox {
namespace {

using testing::HasSubstr;

class RelayMetricsTest : public testing::Test {
 protected:
  void acknowledge(std::string_view topic, std::int64_t latency_us = -1) {
    Delivery delivery;
    delivery.topic = topic;
    delivery.latency_us = latency_us;
    observer_.acknowledged(record_, delivery);
    observer_.deliveries_taken();
  }
  void reject(std::string_view topic) {
    observer_.rejected(record_, topic, {ErrorCode::message_rejected, "too large"});
  }
  // How many lines of the metrics begin so.
  [[nodiscard]] std::size_t lines(const std::string& start) const {
    const std::string text = "\n" + metrics_.render();
    std::size_t count = 0;
    for (auto at = text.find("\n" + start); at != std::string::npos;
         at = text.find("\n" + start, at + 1)) {
      ++count;
    }
    return count;
  }

  telemetry::Metrics metrics_{"test"};
  RelayMetrics relay_{metrics_};
  RelayObserver& observer_{relay_};
  Record record_;
};

TEST_F(RelayMetricsTest, CountsWhatIsPublishedPerTopic) {
  acknowledge("orders");
  acknowledge("orders");
  acknowledge("bills");
  const std::string text = metrics_.render();
  EXPECT_THAT(text, HasSubstr("outbox_messages_published_total{topic=\"orders\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("outbox_messages_published_total{topic=\"bills\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("outbox_commit_to_ack_seconds_count 3\n"));
}

TEST_F(RelayMetricsTest, MeasuresPublishingWhereTheSinkTellsIt) {
  acknowledge("orders", 20'000);
  acknowledge("orders", 0);
  acknowledge("orders");
  const std::string text = metrics_.render();
  EXPECT_THAT(text, HasSubstr("outbox_publish_duration_seconds_count 2\n"));
  EXPECT_THAT(text, HasSubstr("outbox_publish_duration_seconds_sum 0.02\n"));
  EXPECT_THAT(text, HasSubstr("outbox_publish_duration_seconds_bucket{le=\"0.01\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("outbox_publish_duration_seconds_bucket{le=\"0.025\"} 2\n"));
}

TEST_F(RelayMetricsTest, CountsFailuresByTopicAndKind) {
  reject("orders");
  reject("");  // the sink refused it before it had a topic
  observer_.destination_failed({ErrorCode::destination_unavailable, "the broker is away"});
  const std::string text = metrics_.render();
  const std::string name = "outbox_publish_failures_total";
  EXPECT_THAT(text, HasSubstr(name + "{error_type=\"message\",topic=\"orders\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(name + "{error_type=\"message\",topic=\"\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(name + "{error_type=\"destination\",topic=\"\"} 1\n"));
  EXPECT_EQ(relay_.failed(), 2U);
}

TEST_F(RelayMetricsTest, TopicsBeyondTheBoundShareALabel) {
  const std::size_t topics = TopicCounters::kMaxTopics + 50;
  for (std::size_t i = 0; i < topics; ++i) {
    const std::string topic = "topic-" + std::to_string(i);
    acknowledge(topic);
    reject(topic);
  }
  EXPECT_EQ(lines("outbox_messages_published_total{"), TopicCounters::kMaxTopics + 1);
  EXPECT_EQ(lines("outbox_publish_failures_total{error_type=\"message\""),
            TopicCounters::kMaxTopics + 1);
  const std::string text = metrics_.render();
  EXPECT_THAT(text, HasSubstr("outbox_messages_published_total{topic=\"other\"} 50\n"));
  EXPECT_THAT(
      text,
      HasSubstr("outbox_publish_failures_total{error_type=\"message\",topic=\"other\"} 50\n"));
}

TEST_F(RelayMetricsTest, TellsOfEachTopic) {
  acknowledge("orders");
  acknowledge("orders");
  reject("orders");
  reject("");
  acknowledge("bills");
  const auto topics = relay_.topics();
  ASSERT_EQ(topics.size(), 2U);
  EXPECT_EQ(topics[0].topic, "bills");
  EXPECT_EQ(topics[0].published, 1U);
  EXPECT_EQ(topics[1].topic, "orders");
  EXPECT_EQ(topics[1].published, 2U);
  EXPECT_EQ(topics[1].failures, 1U);
  EXPECT_FALSE(topics[1].paused_by_sink);
}

TEST_F(RelayMetricsTest, ATopicThatTakesNothingIsToldUntilItTakesAgain) {
  acknowledge("orders");
  observer_.topic_failed(record_, "orders", {ErrorCode::topic_unavailable, "no such topic"});
  EXPECT_EQ(relay_.topics()[0].paused_by_sink, "no such topic");
  EXPECT_EQ(relay_.topics()[0].failures, 1U);
  acknowledge("orders");
  EXPECT_FALSE(relay_.topics()[0].paused_by_sink);
}

TEST_F(RelayMetricsTest, TellsTheLatencyOfTheLastMinute) {
  EXPECT_FALSE(relay_.latency());
  acknowledge("orders");
  ASSERT_TRUE(relay_.latency());
  EXPECT_EQ(relay_.latency()->count, 1U);
}

TEST_F(RelayMetricsTest, TellsWhetherTheSourceIsConnected) {
  EXPECT_FALSE(relay_.source_is_connected());
  EXPECT_EQ(relay_.source_problem(), "connecting");
  observer_.source_connected({});
  EXPECT_TRUE(relay_.source_is_connected());
  EXPECT_EQ(relay_.source_problem(), "");
  EXPECT_THAT(metrics_.render(), HasSubstr("outbox_shards_owned 64\n"));
  observer_.source_lost({ErrorCode::source_unavailable, "the server is away"});
  EXPECT_FALSE(relay_.source_is_connected());
  EXPECT_EQ(relay_.source_problem(), "the server is away");
  EXPECT_THAT(metrics_.render(), HasSubstr("outbox_shards_owned 0\n"));
  EXPECT_THAT(metrics_.render(), HasSubstr("outbox_rebalances_total 1\n"));
}

TEST_F(RelayMetricsTest, LinesAboutAMessageNameItItsKeyShardTopicAndTrace) {
  record_.id = *Uuid::parse("0190a6f2-7c1e-7cc0-8a4b-3f0c5d1e9a71");
  record_.seq = 41;
  record_.key = "k";
  record_.shard = 7;
  record_.headers = R"({"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"})";
  ASSERT_TRUE(telemetry::init_log("info", "json"));
  testing::internal::CaptureStderr();
  reject("orders");
  observer_.topic_failed(record_, "orders", {ErrorCode::topic_unavailable, "unknown topic"});
  std::istringstream lines{testing::internal::GetCapturedStderr()};
  ASSERT_TRUE(telemetry::init_log("info", "text"));
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const auto json = nlohmann::json::parse(line);
    EXPECT_EQ(json["message_id"], "0190a6f2-7c1e-7cc0-8a4b-3f0c5d1e9a71");
    EXPECT_EQ(json["seq"], 41);
    EXPECT_EQ(json["key"], "k");
    EXPECT_EQ(json["shard"], 7);
    EXPECT_EQ(json["topic"], "orders");
    EXPECT_EQ(json["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
  }
  EXPECT_EQ(count, 2);
}

TEST_F(RelayMetricsTest, CountsWhatIsSettled) {
  Settlement settlement;
  settlement.delivered.resize(3);
  observer_.settled(settlement);
  observer_.settled(settlement);
  EXPECT_EQ(relay_.processed(), 6U);
}

}  // namespace
}  // namespace outbox
