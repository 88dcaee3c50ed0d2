#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>

#include "outbox/result.hpp"
#include "sources/postgres_table/retention.hpp"
#include "support/telemetry/metrics.hpp"

namespace outbox {

// Counts and logs what retention does, and raises the alarm where messages were lost by TRUNCATE or
// the writers will soon have no partition. One thread, but for partitions_ahead.
class RetentionMetrics {
 public:
  explicit RetentionMetrics(telemetry::Metrics& metrics);

  // Eight are made ahead; with fewer than these, something has kept them from being made for long.
  static constexpr std::int64_t kFewAhead = 3;

  void ran(const Result<postgres_table::RetentionReport>& report);

  // Message partitions that nothing has been written to yet, as this relay has seen last. Nothing:
  // it has not looked, as another relay does.
  [[nodiscard]] std::optional<std::int64_t> partitions_ahead() const {
    const std::int64_t seen = seen_ahead_;
    return seen < 0 ? std::nullopt : std::optional{seen};
  }

 private:
  void alarm(const postgres_table::RetentionReport& report);

  prometheus::Gauge& ahead_;
  prometheus::Gauge& truncated_;
  prometheus::Counter& freed_;
  std::int64_t truncated_before_ = 0;
  std::atomic<std::int64_t> seen_ahead_ = -1;
};

}  // namespace outbox
