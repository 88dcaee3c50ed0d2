// librdkafka's objects, owned.
#pragma once

#include <map>
#include <memory>
#include <string>

#include <librdkafka/rdkafka.h>

#include "outbox/result.hpp"

namespace outbox::invoices {

struct KafkaDestroy {
  void operator()(rd_kafka_t* client) const noexcept { rd_kafka_destroy(client); }
  void operator()(rd_kafka_conf_t* conf) const noexcept { rd_kafka_conf_destroy(conf); }
  void operator()(rd_kafka_topic_partition_list_t* list) const noexcept {
    rd_kafka_topic_partition_list_destroy(list);
  }
  void operator()(rd_kafka_topic_t* topic) const noexcept { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_message_t* message) const noexcept { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_queue_t* queue) const noexcept { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_error_t* error) const noexcept { rd_kafka_error_destroy(error); }
};

template <class T>
using KafkaOwned = std::unique_ptr<T, KafkaDestroy>;

// librdkafka's settings from names and values, later maps overriding earlier ones. Its log goes to
// ours. invalid_argument names the property; values, which may be secrets, are not quoted.
[[nodiscard]] Result<KafkaOwned<rd_kafka_conf_t>> kafka_settings(
    std::initializer_list<const std::map<std::string, std::string>*> layers);

// A client of the type; takes the settings.
[[nodiscard]] Result<KafkaOwned<rd_kafka_t>> kafka_client(rd_kafka_type_t type,
                                                          KafkaOwned<rd_kafka_conf_t> settings);

}  // namespace outbox::invoices
