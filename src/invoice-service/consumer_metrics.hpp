// What the consumer tells Prometheus.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

namespace outbox::invoices {

// Thread-safe.
class ConsumerMetrics {
 public:
  // The label `type` of everything but OrderCreated and OrderCancelled: senders choose types, so
  // they are no labels.
  static constexpr std::string_view kOtherType = "other";

  explicit ConsumerMetrics(prometheus::Registry& registry);

  // `outcome`: applied, duplicate, skipped, dead_lettered, or refused (by HTTP).
  void event(std::string_view type, std::string_view outcome);
  void batch(std::size_t records, double seconds);
  void store_failure() { store_failures_->Increment(); }
  void assigned(std::size_t partitions) { assigned_->Set(static_cast<double>(partitions)); }
  void rebalance() { rebalances_->Increment(); }
  void paused(bool yes) { paused_->Set(yes ? 1 : 0); }

 private:
  prometheus::Family<prometheus::Counter>* events_;
  prometheus::Histogram* batch_seconds_;
  prometheus::Histogram* batch_records_;
  prometheus::Counter* store_failures_;
  prometheus::Gauge* assigned_;
  prometheus::Counter* rebalances_;
  prometheus::Gauge* paused_;
};

}  // namespace outbox::invoices
