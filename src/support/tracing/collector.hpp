// Where spans are sent, from the settings below `telemetry.`.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "outbox/result.hpp"
#include "support/config/schema.hpp"
#include "support/config/secret.hpp"

namespace outbox::tracing {

struct TracingSettings {
  config::Secret otlp_endpoint;  // http or https; empty: no spans
  config::Secret otlp_headers;   // "name=value,name=value", values percent-encoded
  std::string otlp_ca_file;      // PEM; empty: the system's certificate authorities
  std::chrono::milliseconds otlp_timeout{5'000};  // of a request
};

// Declares them: telemetry.otlp_endpoint, telemetry.otlp_headers, …
void declare(config::Schema& schema, TracingSettings& settings);

// What the settings say, checked.
struct Collector {
  std::string url;                      // with /v1/traces; without credentials: fit for logs
  std::vector<config::Secret> headers;  // "name: value", as they are sent
  std::string ca_file;
  std::chrono::milliseconds timeout{5'000};
};

// Nothing: there is no endpoint, no spans are made. invalid_argument: a setting is malformed; the
// message names it and never quotes a secret.
[[nodiscard]] Result<std::optional<Collector>> collector_of(const TracingSettings& settings);

}  // namespace outbox::tracing
