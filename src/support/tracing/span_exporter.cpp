#include "support/tracing/span_exporter.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "support/telemetry/log.hpp"

namespace outbox::tracing {
namespace {

using std::chrono::milliseconds;

// So long a batch that is not full waits for more.
constexpr milliseconds kCollect{500};
constexpr milliseconds kFirstPause{1'000};
constexpr milliseconds kLongestPause{30'000};
// For what waits at the end.
constexpr milliseconds kLastSends{1'500};

}  // namespace

SpanExporter::SpanExporter(Collector collector, std::string service, prometheus::Registry& registry)
    : resource_{std::move(service), OUTBOX_VERSION, to_hex(new_trace(0).trace_id)},
      upload_(std::move(collector)),
      dropped_(prometheus::BuildCounter()
                   .Name("outbox_spans_dropped_total")
                   .Help("Spans that no collector got: the queue was full, or the collector failed")
                   .Register(registry)),
      exported_(prometheus::BuildCounter()
                    .Name("outbox_spans_exported_total")
                    .Help("Spans that the collector has taken")
                    .Register(registry)
                    .Add({})),
      dropped_by_queue_(dropped_.Add({{"reason", "queue"}})),
      dropped_by_collector_(dropped_.Add({{"reason", "collector"}})),
      thread_([this](const std::stop_token& stop) { serve(stop); }) {
  log::info("spans are sent to a collector", {{"collector", upload_.url()}});
}

SpanExporter::~SpanExporter() {
  upload_.end_by(Upload::Clock::now() + kLastSends);
  thread_.request_stop();
  thread_.join();
}

void SpanExporter::submit(Span span) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= kMostWaiting) {
      dropped_by_queue_.Increment();
      return;
    }
    waiting_.push_back(std::move(span));
    wake = waiting_.size() == 1 || waiting_.size() == kBatch;
  }
  if (wake) arrived_.notify_all();
}

void SpanExporter::serve(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const std::vector<Span> batch = next_batch(stop);
    if (batch.empty()) continue;
    if (send(batch)) {
      pause_ = milliseconds(0);
    } else {
      pause(stop);
    }
  }
  send_rest();
}

std::vector<Span> SpanExporter::next_batch(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  arrived_.wait(lock, stop, [this] { return !waiting_.empty(); });
  arrived_.wait_for(lock, stop, kCollect, [this] { return waiting_.size() >= kBatch; });
  return take_batch();
}

std::vector<Span> SpanExporter::take_batch() {
  const auto count = static_cast<std::ptrdiff_t>(std::min(waiting_.size(), kBatch));
  std::vector<Span> batch(std::make_move_iterator(waiting_.begin()),
                          std::make_move_iterator(waiting_.begin() + count));
  waiting_.erase(waiting_.begin(), waiting_.begin() + count);
  return batch;
}

Result<void> SpanExporter::send(const std::vector<Span>& batch) {
  auto sent = upload_.post(otlp_json(resource_, batch));
  const auto count = static_cast<double>(batch.size());
  if (sent) {
    exported_.Increment(count);
    return sent;
  }
  dropped_by_collector_.Increment(count);
  if (const auto held_back = complaints_.pass(std::chrono::steady_clock::now())) {
    log::warn(
        "the collector takes no spans; they are lost, and messages go on",
        {{"collector", upload_.url()}, {"error", sent.error().message}, {"held_back", *held_back}});
  }
  return sent;
}

void SpanExporter::pause(const std::stop_token& stop) {
  pause_ = std::clamp(pause_ * 2, kFirstPause, kLongestPause);
  std::unique_lock lock(mutex_);
  arrived_.wait_for(lock, stop, pause_, [] { return false; });
}

void SpanExporter::send_rest() {
  while (true) {
    std::vector<Span> batch;
    {
      const std::lock_guard lock(mutex_);
      batch = take_batch();
    }
    if (batch.empty() || !send(batch)) break;
  }
  const std::lock_guard lock(mutex_);
  dropped_by_collector_.Increment(static_cast<double>(waiting_.size()));
}

std::unique_ptr<SpanExporter> make_exporter(std::optional<Collector> collector, std::string service,
                                            prometheus::Registry& registry) {
  if (!collector) return nullptr;
  return std::make_unique<SpanExporter>(*std::move(collector), std::move(service), registry);
}

}  // namespace outbox::tracing
