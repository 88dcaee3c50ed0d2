// The service's settings: file, environment and flags.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "support/config/schema.hpp"
#include "support/config/secret.hpp"
#include "support/tracing/collector.hpp"

namespace outbox::invoices {

struct Settings {
  std::string brokers;  // empty: no Kafka
  std::string topic = "order-events";
  std::string dead_letter_topic;  // empty: the topic's name and ".dlq"
  std::string group = "invoice-group";
  std::map<std::string, std::string> kafka_properties;
  std::int64_t batch = 500;
  std::chrono::milliseconds max_backoff{5'000};
  std::chrono::milliseconds close_timeout{5'000};

  config::Secret event_secrets;  // empty: no events by HTTP
  std::chrono::milliseconds event_tolerance{300'000};

  config::Secret store_url{"mongodb://127.0.0.1:27017/"};
  std::string mongo_database = "outbox";

  std::string address = "127.0.0.1";
  std::int64_t port = 3001;
  std::int64_t http_threads = 4;

  tracing::TracingSettings tracing;

  std::string log_level = "info";
  std::string log_format = "text";

  [[nodiscard]] std::string dead_letters() const {
    return dead_letter_topic.empty() ? topic + ".dlq" : dead_letter_topic;
  }
};

// The options, bound to `settings`.
[[nodiscard]] config::Schema describe_settings(Settings& settings);

}  // namespace outbox::invoices
