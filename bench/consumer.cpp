#include "bench/consumer.hpp"

#include <array>

#include "bench/tool.hpp"
#include "support/kafka/admin.hpp"

namespace outbox::bench {

Consumer::Consumer(const std::string& brokers, const std::string& topic, int partitions,
                   load::Moments& consumed)
    : consumed_(consumed) {
  std::array<char, 512> problem{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, std::string>>{
           {"bootstrap.servers", brokers},
           {"group.id", "outbox-bench"},
           {"enable.auto.commit", "false"},
           {"socket.nagle.disable", "true"}}) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), problem.data(), problem.size()) !=
        RD_KAFKA_CONF_OK) {
      fail(problem.data());
    }
  }
  handle_ = rd_kafka_new(RD_KAFKA_CONSUMER, conf, problem.data(), problem.size());
  if (handle_ == nullptr) fail(problem.data());
  // Known offsets: one that is asked for by "the end" may lie behind the first message.
  auto kafka = kafka::Admin::connect(brokers);
  if (!kafka) fail(kafka.error().message);
  const auto ends = kafka->ends(topic, partitions);
  if (!ends) fail(ends.error().message);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(partitions);
  for (int i = 0; i < partitions; ++i) {
    rd_kafka_topic_partition_list_add(list, topic.c_str(), i)->offset =
        (*ends)[static_cast<std::size_t>(i)];
  }
  rd_kafka_assign(handle_, list);
  rd_kafka_topic_partition_list_destroy(list);
  thread_ = std::jthread([this](const std::stop_token& stop) { consume(stop); });
}

Consumer::~Consumer() {
  thread_ = {};  // stops and joins
  rd_kafka_destroy(handle_);
}

void Consumer::consume(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(handle_, 100);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      const auto number =
          load::number_of({static_cast<const char*>(message->payload), message->len});
      if (!number) fail("a record is none of this run's");
      consumed_.set(*number, load::unix_us());
    }
    rd_kafka_message_destroy(message);
  }
}

}  // namespace outbox::bench
