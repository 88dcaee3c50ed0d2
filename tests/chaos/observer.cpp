#include "tests/chaos/observer.hpp"

#include <array>
#include <stdexcept>
#include <string_view>

#include <librdkafka/rdkafka.h>
#include <nlohmann/json.hpp>

namespace outbox::chaos {
namespace {

constexpr int kPollMs = 200;

rd_kafka_t* make_consumer(const std::string& brokers) {
  std::array<char, 256> problem{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, std::string>>{
           {"bootstrap.servers", brokers},
           {"group.id", "outbox-chaos-observer"},  // required, never joined
           {"enable.auto.commit", "false"},
           {"isolation.level", "read_committed"},
           {"auto.offset.reset", "error"},
           {"reconnect.backoff.max.ms", "1000"}}) {
    rd_kafka_conf_set(conf, name, value.c_str(), problem.data(), problem.size());
  }
  rd_kafka_conf_set_log_cb(conf, nullptr);
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, problem.data(), problem.size());
  if (client == nullptr) {
    rd_kafka_conf_destroy(conf);
    throw std::runtime_error("the observer's Kafka client: " + std::string{problem.data()});
  }
  return client;
}

std::string header(const rd_kafka_message_t& message, const char* name) {
  rd_kafka_headers_t* headers = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
      rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return {};
  }
  return {static_cast<const char*>(value), size};
}

std::string_view bytes(const void* data, std::size_t size) {
  return data == nullptr ? std::string_view{}
                         : std::string_view{static_cast<const char*>(data), size};
}

// order-service numbers nothing: its orders have one message each. -1: not ours at all.
std::int64_t number_of(const rd_kafka_message_t& message) {
  const auto payload = nlohmann::json::parse(bytes(message.payload, message.len), nullptr, false);
  return payload.is_object() ? payload.value("n", std::int64_t{1}) : -1;
}

}  // namespace

void Observer::Destroy::operator()(rd_kafka_s* client) const noexcept {
  rd_kafka_destroy(client);
}

Observer::Observer(const std::string& brokers, const std::string& topic, int partitions)
    : consumer_(make_consumer(brokers)) {
  rd_kafka_poll_set_consumer(consumer_.get());
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(partitions);
  for (int partition = 0; partition < partitions; ++partition) {
    rd_kafka_topic_partition_list_add(list, topic.c_str(), partition)->offset = 0;
  }
  const auto assigned = rd_kafka_assign(consumer_.get(), list);
  rd_kafka_topic_partition_list_destroy(list);
  if (assigned != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw std::runtime_error("the observer's partitions: " +
                             std::string{rd_kafka_err2str(assigned)});
  }
  thread_ = std::jthread{[this](const std::stop_token& stop) { read(stop); }};
}

Observer::~Observer() {
  thread_ = {};
}

std::vector<TopicRecord> Observer::stop() {
  thread_ = {};  // joins
  return std::move(records_);
}

void Observer::read(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer_.get(), kPollMs);
    if (message == nullptr) {
      continue;
    }
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      take(*message);
    }
    rd_kafka_message_destroy(message);
  }
}

void Observer::take(const rd_kafka_message_s& message) {
  const MessageName name{std::string{bytes(message.key, message.key_len)}, number_of(message)};
  records_.push_back({message.partition, message.offset, header(message, "id"), name});
  if (messages_.insert(name).second) {
    ++messages_count_;
  }
  ++records_count_;
}

}  // namespace outbox::chaos
