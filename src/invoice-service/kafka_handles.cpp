#include "invoice-service/kafka_handles.hpp"

#include <array>

#include "support/telemetry/log.hpp"

namespace outbox::invoices {

namespace {

void on_log(const rd_kafka_t* /*client*/, int level, const char* facility, const char* text) {
  constexpr int kSyslogError = 3;
  constexpr int kSyslogNotice = 5;
  if (level <= kSyslogError) {
    log::warn("kafka client", {{"facility", facility}, {"detail", text}});
  } else if (level <= kSyslogNotice) {
    log::info("kafka client", {{"facility", facility}, {"detail", text}});
  } else {
    log::debug("kafka client", {{"facility", facility}, {"detail", text}});
  }
}

}  // namespace

Result<KafkaOwned<rd_kafka_conf_t>> kafka_settings(
    std::initializer_list<const std::map<std::string, std::string>*> layers) {
  KafkaOwned<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  std::array<char, 512> reason{};
  for (const auto* layer : layers) {
    for (const auto& [name, value] : *layer) {
      const auto outcome =
          rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), reason.data(), reason.size());
      if (outcome == RD_KAFKA_CONF_UNKNOWN) {
        return Error{ErrorCode::invalid_argument,
                     "the Kafka client knows no property \"" + name + "\""};
      }
      if (outcome != RD_KAFKA_CONF_OK) {
        return Error{ErrorCode::invalid_argument,
                     "the Kafka client refuses the value of the property \"" + name + "\""};
      }
    }
  }
  rd_kafka_conf_set_log_cb(conf.get(), on_log);
  return conf;
}

Result<KafkaOwned<rd_kafka_t>> kafka_client(rd_kafka_type_t type,
                                            KafkaOwned<rd_kafka_conf_t> settings) {
  std::array<char, 512> reason{};
  KafkaOwned<rd_kafka_t> client(rd_kafka_new(type, settings.get(), reason.data(), reason.size()));
  if (client == nullptr) {
    return Error{ErrorCode::invalid_argument,
                 "the Kafka client cannot be made: " + std::string(reason.data())};
  }
  static_cast<void>(settings.release());  // rd_kafka_new took it
  return client;
}

}  // namespace outbox::invoices
