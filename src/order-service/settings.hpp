// What can be set, and the defaults.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "support/config/schema.hpp"
#include "support/config/secret.hpp"
#include "support/tracing/collector.hpp"

namespace outbox::orders {

struct Settings {
  std::string http_address = "127.0.0.1";
  std::int64_t http_port = 3000;
  std::int64_t http_threads = 8;
  std::int64_t http_max_connections = 1'024;
  std::chrono::milliseconds http_drain_timeout{10'000};
  config::Secret database_url{};
  std::int64_t database_pool_size = 8;
  std::chrono::milliseconds database_acquire_timeout{2'000};
  std::chrono::milliseconds database_connect_timeout{2'000};
  std::chrono::milliseconds database_statement_timeout{5'000};
  std::chrono::milliseconds database_startup_timeout{30'000};
  std::string outbox_table = "outbox";
  std::chrono::milliseconds idempotency_keep{std::chrono::hours{24}};
  tracing::TracingSettings tracing{};
  std::int64_t trace_sample_percent = 100;
  std::string log_level = "info";
  std::string log_format = "text";
};

// The options, bound to `settings`, which must outlive the schema.
[[nodiscard]] config::Schema make_schema(Settings& settings);

}  // namespace outbox::orders
