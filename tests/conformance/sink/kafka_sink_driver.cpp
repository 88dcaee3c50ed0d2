#include "tests/conformance/sink/kafka_sink_driver.hpp"

#include <algorithm>
#include <utility>

#include "sinks/kafka/kafka_sink.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/kafka_topic.hpp"
#include "tests/support/own_stack.hpp"

namespace outbox::test {
namespace {

constexpr std::size_t kSinkLimit = 500'000;   // bytes of a message, by the sink's own rule
constexpr std::size_t kTopicLimit = 400'000;  // bytes of a batch, by the broker's
constexpr std::size_t kBatchLimit = 300'000;  // bytes of a batch of several messages

std::unique_ptr<Sink> make_kafka_sink(const std::string& brokers, const std::string& topic,
                                      const SinkSettings& settings) {
  kafka::KafkaSettings kafka;
  kafka.brokers = brokers;
  kafka.topic = topic;
  kafka.properties["message.max.bytes"] = std::to_string(kSinkLimit);
  kafka.properties["queue.buffering.max.messages"] = std::to_string(settings.buffer);
  kafka.properties["compression.codec"] = "none";
  kafka.properties["batch.size"] = std::to_string(kBatchLimit);
  if (settings.one_by_one) {
    kafka.properties["batch.num.messages"] = "1";
    kafka.properties["linger.ms"] = "0";
  }
  return std::make_unique<kafka::KafkaSink>(std::move(kafka));
}

std::vector<Received> read(const KafkaTopic& topic) {
  std::vector<Received> result;
  for (const auto& record : topic.read_all()) {
    const auto id = std::find_if(record.headers.begin(), record.headers.end(),
                                 [](const auto& header) { return header.first == "id"; });
    result.push_back({.key = record.key.value_or(""),
                      .payload = record.value.value_or(""),
                      .id = id == record.headers.end() ? "" : id->second.value_or(""),
                      .headers = record.headers,
                      .topic = topic.name(),
                      .partition = record.partition,
                      .offset = record.offset});
  }
  return result;
}

// The broker has a topic whose name differs from this one's in '.' and '_' alone, so it refuses to
// create this one.
std::string refusing_topic_of(const KafkaTopic& topic) {
  std::string name = topic.name();
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

// A topic of three partitions on the brokers of the environment.
class KafkaSinkDriver final : public SinkDriver {
 public:
  std::unique_ptr<Sink> make_sink(const SinkSettings& settings) override {
    return make_kafka_sink(brokers_, topic_.name(), settings);
  }
  std::unique_ptr<Sink> make_lost_sink() override {
    return make_kafka_sink("127.0.0.1:1", topic_.name(), {});
  }
  std::optional<std::vector<Received>> received() override { return read(topic_); }
  std::optional<std::size_t> oversize() const override { return kSinkLimit + 1; }
  std::optional<std::size_t> refused_size() const override { return kTopicLimit + 1; }
  std::optional<std::string> refusing_topic() override { return refusing_topic_of(topic_); }
  bool has_null_headers() const override { return true; }

 private:
  std::string brokers_ = require_env("OUTBOX_TEST_KAFKA");
  KafkaTopic topic_ = KafkaTopic::create(brokers_, unique_topic_name("sink.test"), 3,
                                         {{"max.message.bytes", std::to_string(kTopicLimit)}});
};

// The same on a broker of its own.
class RestartableKafkaSinkDriver final : public RestartableSinkDriver {
 public:
  std::unique_ptr<Sink> make_sink(const SinkSettings& settings) override {
    return make_kafka_sink(brokers_, topic_.name(), settings);
  }
  std::unique_ptr<Sink> make_lost_sink() override {
    return make_kafka_sink("127.0.0.1:1", topic_.name(), {});
  }
  std::optional<std::vector<Received>> received() override { return read(topic_); }
  std::optional<std::size_t> oversize() const override { return kSinkLimit + 1; }
  std::optional<std::size_t> refused_size() const override { return kTopicLimit + 1; }
  std::optional<std::string> refusing_topic() override { return refusing_topic_of(topic_); }
  bool has_null_headers() const override { return true; }
  void kill() override { stack_.kill("kafka"); }
  void start() override { stack_.start("kafka"); }

 private:
  OwnStack stack_{"sink-restart", "kafka"};
  std::string brokers_ = stack_.variable("OUTBOX_TEST_KAFKA");
  KafkaTopic topic_ = KafkaTopic::create(brokers_, "sink.test", 3);
};

}  // namespace

SinkDriverFactory kafka_sink_driver() {
  return {"Kafka",
          []() -> std::unique_ptr<SinkDriver> { return std::make_unique<KafkaSinkDriver>(); },
          []() -> std::unique_ptr<RestartableSinkDriver> {
            return std::make_unique<RestartableKafkaSinkDriver>();
          }};
}

}  // namespace outbox::test
