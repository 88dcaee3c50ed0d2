#pragma once

#include <functional>

#include "outbox-processor/relay_metrics.hpp"
#include "outbox/sink.hpp"
#include "sources/status.hpp"
#include "support/http/router.hpp"
#include "support/telemetry/metrics.hpp"

namespace outbox {

// What the routes tell of; everything is borrowed and must outlive the server.
struct AdminSources {
  SourceStatusReader& status;
  RelayMetrics& relay;
  const Sink& sink;
  telemetry::Metrics& metrics;
  // Whom /readyz tells why it is not ready: the reason may quote the broker's answer.
  std::function<bool(const http::Request&)> may_read = {};
};

// The dashboard, /livez, /readyz, /metrics. They change nothing. The API is in api/.
void add_admin_routes(http::Router& router, const AdminSources& sources);

}  // namespace outbox
