#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "outbox/result.hpp"
#include "sinks/http/settings.hpp"
#include "sinks/kafka/settings.hpp"
#include "support/config/schema.hpp"
#include "support/config/secret.hpp"
#include "support/tracing/collector.hpp"

namespace outbox {

// Everything that an operator may set; what each means stands in settings.cpp.
struct Settings {
  config::Secret source_url;
  std::string source_table = "outbox";
  std::int64_t source_max_batch_bytes = 384 * 1024;
  bool source_receipts = true;

  std::chrono::milliseconds retention_processed = std::chrono::hours{24 * 7};

  std::string sink_type = "kafka";
  kafka::KafkaSettings kafka;
  http_sink::HttpSettings http_sink;
  std::int64_t sink_rate_limit = 0;

  std::int64_t relay_batch_size = 1'000;
  std::int64_t relay_batches_in_flight = 14;
  std::int64_t relay_max_blocked_keys = 100'000;
  std::chrono::milliseconds relay_lease{10'000};
  std::chrono::milliseconds relay_drain_timeout{10'000};

  std::chrono::milliseconds retry_initial_delay{5'000};
  std::chrono::milliseconds retry_max_delay{300'000};
  std::string retry_policy = "block";
  std::int64_t retry_max_attempts = 20;
  std::string retry_dead_letter_type;

  std::string http_address = "127.0.0.1";
  std::int64_t http_port = 8080;
  std::string http_tokens_file;
  std::string http_tls_certificate;
  std::string http_tls_key;
  bool http_behind_proxy = false;
  std::string http_allowed_hosts;  // separated by commas, as http_masked_paths
  std::string http_masked_paths;
  std::int64_t http_max_event_streams = 32;

  config::Secret trace_consumer_url;

  tracing::TracingSettings tracing;

  std::string log_level = "info";
  std::string log_format = "text";
};

// Binds the settings, which must outlive the schema.
[[nodiscard]] config::Schema make_schema(Settings& settings);

// The entries of a list that is separated by commas, without blanks around them; empty ones do not
// count.
[[nodiscard]] std::vector<std::string> list_of(std::string_view text);

// Whether http.address can be reached from this machine alone.
[[nodiscard]] bool is_on_loopback(const Settings& settings);

// What no setting shows by itself. invalid_argument: these do not go together.
[[nodiscard]] Result<void> check_settings(const Settings& settings);

}  // namespace outbox
