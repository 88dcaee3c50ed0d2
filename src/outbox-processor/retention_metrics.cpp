#include "outbox-processor/retention_metrics.hpp"

#include <limits>

#include "support/telemetry/log.hpp"

namespace outbox {
namespace {

prometheus::Gauge& gauge(telemetry::Metrics& metrics, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(metrics.registry()).Add({});
}

}  // namespace

RetentionMetrics::RetentionMetrics(telemetry::Metrics& metrics)
    : ahead_(gauge(metrics, "outbox_partitions_ahead",
                   "Partitions of the outbox table that nothing has been written to yet")),
      truncated_(gauge(metrics, "outbox_truncated_messages",
                       "Messages that a TRUNCATE has removed before they were delivered")),
      freed_(prometheus::BuildCounter()
                 .Name("outbox_partitions_freed_total")
                 .Help("Partitions of delivered messages that this relay has emptied")
                 .Register(metrics.registry())
                 .Add({})) {
  ahead_.Set(std::numeric_limits<double>::quiet_NaN());  // until it was looked at
}

void RetentionMetrics::ran(const Result<postgres_table::RetentionReport>& report) {
  if (!report) {
    log::warn("old messages could not be removed; the next run tries again",
              {{"error", report.error().message}});
    return;
  }
  if (report->elsewhere) {
    return;
  }
  ahead_.Set(static_cast<double>(report->ahead));
  seen_ahead_ = report->ahead;
  truncated_.Set(static_cast<double>(report->truncated));
  freed_.Increment(static_cast<double>(report->freed));
  if (report->freed + report->dropped > 0) {
    log::info("old messages were removed", {{"partitions_freed", report->freed},
                                            {"tables_dropped", report->dropped},
                                            {"rows_about_them", report->forgotten}});
  }
  alarm(*report);
}

void RetentionMetrics::alarm(const postgres_table::RetentionReport& report) {
  if (report.truncated > truncated_before_) {
    log::error(
        "TRUNCATE has removed messages that were not delivered; who and when is in the "
        "audit table, under the action 'truncate'",
        {{"messages", report.truncated - truncated_before_}});
  }
  truncated_before_ = report.truncated;
  if (report.ahead < kFewAhead) {
    log::error(
        "the outbox table will soon have no partition to write to; see what keeps the "
        "relay from making them, or run 'outboxctl migrate'",
        {{"partitions_ahead", report.ahead}});
  }
}

}  // namespace outbox
