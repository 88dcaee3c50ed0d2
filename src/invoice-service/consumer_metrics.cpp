#include "invoice-service/consumer_metrics.hpp"

#include <string>

namespace outbox::invoices {

ConsumerMetrics::ConsumerMetrics(prometheus::Registry& registry)
    : events_(&prometheus::BuildCounter()
                   .Name("outbox_consumer_events_total")
                   .Help("Events from Kafka and by HTTP, by what became of them")
                   .Register(registry)),
      batch_seconds_(&prometheus::BuildHistogram()
                          .Name("outbox_consumer_batch_duration_seconds")
                          .Help("From the batch's collection until its effects are durable")
                          .Register(registry)
                          .Add({}, prometheus::Histogram::BucketBoundaries{0.001, 0.005, 0.01, 0.05,
                                                                           0.1, 0.5, 1, 5, 30})),
      batch_records_(&prometheus::BuildHistogram()
                          .Name("outbox_consumer_batch_records")
                          .Help("Records handled together")
                          .Register(registry)
                          .Add({}, prometheus::Histogram::BucketBoundaries{1, 5, 20, 100, 500})),
      store_failures_(&prometheus::BuildCounter()
                           .Name("outbox_consumer_failures_total")
                           .Help("Attempts that ended because the store or Kafka was away")
                           .Register(registry)
                           .Add({})),
      assigned_(&prometheus::BuildGauge()
                     .Name("outbox_consumer_assigned_partitions")
                     .Help("Partitions that this instance consumes")
                     .Register(registry)
                     .Add({})),
      rebalances_(&prometheus::BuildCounter()
                       .Name("outbox_rebalances_total")
                       .Help("Assignments and revocations by the group's coordinator")
                       .Register(registry)
                       .Add({})),
      paused_(&prometheus::BuildGauge()
                   .Name("outbox_consumer_paused")
                   .Help("1 while consumption waits for the store or Kafka to come back")
                   .Register(registry)
                   .Add({})) {}

void ConsumerMetrics::event(std::string_view type, std::string_view outcome) {
  events_->Add({{"type", std::string(type)}, {"outcome", std::string(outcome)}}).Increment();
}

void ConsumerMetrics::batch(std::size_t records, double seconds) {
  batch_records_->Observe(static_cast<double>(records));
  batch_seconds_->Observe(seconds);
}

}  // namespace outbox::invoices
