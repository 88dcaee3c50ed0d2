#include "sinks/kafka/consumer_handle.hpp"

#include <array>

#include <fmt/format.h>

#include "sinks/kafka/settings.hpp"

namespace outbox::kafka {

Result<ConsumerHandle> make_consumer(const rd_kafka_conf_t* producer, const std::string& group,
                                     const std::vector<std::pair<std::string, std::string>>& more) {
  Conf conf(rd_kafka_conf_dup(producer));
  std::vector<std::pair<std::string, std::string>> properties = {
      {"group.id", group},
      {"enable.auto.commit", "false"},
      {"log.queue", "false"},
      {"statistics.interval.ms", "0"},
      {"isolation.level", "read_committed"}};
  properties.insert(properties.end(), more.begin(), more.end());
  std::array<char, 512> problem{};
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), problem.data(),
                          problem.size()) != RD_KAFKA_CONF_OK) {
      return Error{ErrorCode::invalid_argument, fmt::format("librdkafka: {}", problem.data())};
    }
  }
  rd_kafka_conf_set_log_cb(conf.get(), nullptr);
  ConsumerHandle handle(
      rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), problem.data(), problem.size()));
  if (!handle) {
    return Error{
        ErrorCode::invalid_argument,
        fmt::format("Kafka consumer: {}; check sink.brokers and sink.properties", problem.data())};
  }
  static_cast<void>(conf.release());  // the consumer owns it now
  return handle;
}

}  // namespace outbox::kafka
