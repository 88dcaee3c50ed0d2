// What the service counts.
#pragma once

#include <string>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include "order-service/store.hpp"
#include "support/http/server.hpp"
#include "support/telemetry/metrics.hpp"

namespace outbox::orders {

// Thread-safe.
class ServiceMetrics {
 public:
  ServiceMetrics();

  void request_answered(const http::Exchange& exchange);
  void order_created() { created_.Increment(); }
  void order_cancelled() { cancelled_.Increment(); }
  void answer_replayed() { replayed_.Increment(); }

  [[nodiscard]] prometheus::Registry& registry() { return metrics_.registry(); }

  // Prometheus' text format, with the store's connections as they are now.
  [[nodiscard]] std::string render(const OrderStore& store);

 private:
  telemetry::Metrics metrics_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& durations_;
  prometheus::Counter& created_;
  prometheus::Counter& cancelled_;
  prometheus::Counter& replayed_;
  prometheus::Gauge& connections_in_use_;
  prometheus::Gauge& connections_max_;
};

}  // namespace outbox::orders
