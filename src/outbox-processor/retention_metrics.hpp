#pragma once

#include <cstdint>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>

#include "outbox/result.hpp"
#include "sources/postgres_table/retention.hpp"
#include "support/telemetry/metrics.hpp"

namespace outbox {

// Counts and logs what retention does, and raises the alarm where messages were lost by TRUNCATE or
// the writers will soon have no partition. One thread.
class RetentionMetrics {
 public:
  explicit RetentionMetrics(telemetry::Metrics& metrics);

  void ran(const Result<postgres_table::RetentionReport>& report);

 private:
  void alarm(const postgres_table::RetentionReport& report);

  prometheus::Gauge& ahead_;
  prometheus::Gauge& truncated_;
  prometheus::Counter& freed_;
  std::int64_t truncated_before_ = 0;
};

}  // namespace outbox
