#include "outbox-processor/admin_routes.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <mutex>
#include <string>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>

#include "outbox-processor/web_files.hpp"
#include "support/http/health.hpp"

namespace outbox {
namespace {

prometheus::Gauge& gauge(telemetry::Metrics& metrics, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(metrics.registry()).Add({});
}

// The gauges that the database fills, when they are asked for.
class OutboxGauges {
 public:
  explicit OutboxGauges(telemetry::Metrics& metrics)
      : up_(gauge(metrics, "outbox_source_up",
                  "1 when the database answered this look at the outbox, else 0")),
        pending_(gauge(metrics, "outbox_pending_messages",
                       "Committed messages that are not delivered; an estimate beyond 10,000")),
        oldest_(gauge(metrics, "outbox_oldest_pending_age_seconds",
                      "Age of the oldest message that is not delivered")),
        retrying_(gauge(metrics, "outbox_retrying_messages",
                        "Messages that failed and wait for their next attempt")),
        dead_(gauge(metrics, "outbox_dead_letter_messages", "Messages that were given up")),
        lag_(gauge(metrics, "outbox_source_lag_bytes",
                   "Write-ahead log that the server keeps for the relay; 0 where the table is "
                   "read")) {}

  // What is not known is NaN: an old number would look like news, and keep an alert silent.
  void set(const Result<SourceStatus>& status) {
    const auto known = [&](double value) {
      return status ? value : std::numeric_limits<double>::quiet_NaN();
    };
    const SourceStatus seen = status ? *status : SourceStatus{};
    up_.Set(status ? 1 : 0);
    pending_.Set(known(static_cast<double>(seen.pending)));
    oldest_.Set(known(static_cast<double>(seen.oldest_pending_age_ms) / 1e3));
    retrying_.Set(known(static_cast<double>(seen.retrying)));
    dead_.Set(known(static_cast<double>(seen.dead)));
    lag_.Set(known(static_cast<double>(seen.lag_bytes)));
  }

 private:
  prometheus::Gauge& up_;
  prometheus::Gauge& pending_;
  prometheus::Gauge& oldest_;
  prometheus::Gauge& retrying_;
  prometheus::Gauge& dead_;
  prometheus::Gauge& lag_;
};

// What the sink counts by itself.
class SinkCounters {
 public:
  explicit SinkCounters(telemetry::Metrics& metrics)
      : partition_changes_(
            prometheus::BuildCounter()
                .Name("outbox_topic_partition_changes_total")
                .Help("Times that a topic's number of partitions was seen to change: keys have "
                      "moved, and their order across the change is lost")
                .Register(metrics.registry())
                .Add({})) {}

  void set(const SinkHealth& health) {
    const std::lock_guard lock{mutex_};
    const auto changes = static_cast<double>(health.topic_partition_changes);
    partition_changes_.Increment(std::max(0.0, changes - partition_changes_.Value()));
  }

 private:
  std::mutex mutex_;  // between the look and the increment
  prometheus::Counter& partition_changes_;
};

Result<void> source_ready(const AdminSources& sources) {
  if (!sources.relay.source_is_connected()) {
    return Error{ErrorCode::source_unavailable, sources.relay.source_problem()};
  }
  return {};
}

Result<void> sink_ready(const AdminSources& sources) {
  SinkHealth health = sources.sink.health();
  if (!health.reachable) {
    return Error{ErrorCode::destination_unavailable, std::move(health.detail)};
  }
  return {};
}

}  // namespace

void add_admin_routes(http::Router& router, const AdminSources& sources) {
  add_web_routes(router);
  auto gauges = std::make_shared<OutboxGauges>(sources.metrics);
  auto sink_counters = std::make_shared<SinkCounters>(sources.metrics);
  http::add_health_routes(
      router,
      {{"source", [sources](std::chrono::milliseconds) { return source_ready(sources); }},
       {"sink", [sources](std::chrono::milliseconds) { return sink_ready(sources); }}},
      [sources, gauges, sink_counters] {
        gauges->set(sources.status.read());
        sink_counters->set(sources.sink.health());
        return sources.metrics.render();
      },
      {.may_see_details = sources.may_read});
}

}  // namespace outbox
