// Brings events together that arrive at the same time, one from each thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <vector>

#include "invoice-service/consumer_metrics.hpp"
#include "invoice-service/event_handler.hpp"

namespace outbox::invoices {

// While a batch is being stored, the events that come wait and then share the next one, so that
// they share its commit too. Thread-safe; the parts must outlive it.
class EventBatcher {
 public:
  EventBatcher(EventHandler& handler, ConsumerMetrics& metrics)
      : handler_(&handler), metrics_(&metrics) {}

  // The record, done or with a refusal; an error when the store is away. Waits for the batch before
  // and its own.
  [[nodiscard]] Result<PendingRecord> submit(EventRecord record);

  // How many wait for a batch that has not begun.
  [[nodiscard]] std::size_t waiting() const;

 private:
  struct Entry {
    PendingRecord pending;
    Result<void> outcome;
    bool finished = false;
  };
  // The others wait for it, so nothing may be thrown past it.
  void store(const std::vector<Entry*>& batch) noexcept;

  EventHandler* handler_;
  ConsumerMetrics* metrics_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Entry*> waiting_;  // each on the stack of its thread, so no more than threads
  bool busy_ = false;
};

}  // namespace outbox::invoices
