// Sends spans to a collector by OTLP over HTTP.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include "outbox/result.hpp"
#include "support/telemetry/rate_limit.hpp"
#include "support/tracing/collector.hpp"
#include "support/tracing/otlp.hpp"
#include "support/tracing/span.hpp"
#include "support/tracing/upload.hpp"

namespace outbox::tracing {

// A thread of its own sends what comes, in batches. Nobody waits for it: spans that come while
// kMostWaiting wait are dropped, and so are those that the collector does not take; a metric counts
// both.
class SpanExporter final : public SpanSink {
 public:
  static constexpr std::size_t kMostWaiting = 4'096;
  static constexpr std::size_t kBatch = 512;

  // `service` is the program's name. The registry must outlive the exporter.
  SpanExporter(Collector collector, std::string service, prometheus::Registry& registry);
  // Sends what is there, for two and a half seconds at most.
  ~SpanExporter() override;
  SpanExporter(const SpanExporter&) = delete;
  SpanExporter& operator=(const SpanExporter&) = delete;

  void submit(Span span) override;

 private:
  void serve(const std::stop_token& stop);
  [[nodiscard]] std::vector<Span> next_batch(const std::stop_token& stop);
  [[nodiscard]] std::vector<Span> take_batch();  // precondition: the lock is held
  [[nodiscard]] Result<void> send(const std::vector<Span>& batch);
  void pause(const std::stop_token& stop);
  void send_rest();

  Resource resource_;
  Upload upload_;
  prometheus::Family<prometheus::Counter>& dropped_;
  prometheus::Counter& exported_;
  prometheus::Counter& dropped_by_queue_;
  prometheus::Counter& dropped_by_collector_;
  telemetry::RateLimit complaints_{std::chrono::seconds{60}};
  std::chrono::milliseconds pause_{0};  // after the collector has failed

  std::mutex mutex_;
  std::condition_variable_any arrived_;
  std::deque<Span> waiting_;
  std::jthread thread_;  // last: it uses the rest
};

// Null: the settings name no collector.
[[nodiscard]] std::unique_ptr<SpanExporter> make_exporter(std::optional<Collector> collector,
                                                          std::string service,
                                                          prometheus::Registry& registry);

}  // namespace outbox::tracing
