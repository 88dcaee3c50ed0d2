#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include "core/relay_observer.hpp"
#include "outbox-processor/batched_histogram.hpp"
#include "outbox-processor/latency_window.hpp"
#include "outbox-processor/rate.hpp"
#include "outbox-processor/relay_spans.hpp"
#include "support/telemetry/metrics.hpp"
#include "support/telemetry/rate_limit.hpp"

namespace outbox {

// A counter per topic. Topics come from aggregate types, which any writer may invent, so the labels
// have a bound: the topics beyond it share the label "other". One thread counts, any may read.
class TopicCounters {
 public:
  static constexpr std::size_t kMaxTopics = 200;

  // `labels` come with every topic.
  TopicCounters(prometheus::Family<prometheus::Counter>& family, prometheus::Labels labels)
      : family_(family), labels_(std::move(labels)) {}

  // Of the counting thread.
  [[nodiscard]] prometheus::Counter& of(std::string_view topic);

  // Each topic's count, by its name.
  [[nodiscard]] std::map<std::string, std::uint64_t, std::less<>> counts() const;

 private:
  [[nodiscard]] prometheus::Counter& add(std::string_view topic);

  prometheus::Family<prometheus::Counter>& family_;
  prometheus::Labels labels_;
  // Only the counting thread adds to them, and only that takes the lock there.
  mutable std::mutex adding_;
  std::map<std::string, prometheus::Counter*, std::less<>> by_topic_;
  prometheus::Counter* other_ = nullptr;
};

// What became of a topic's messages since the start.
struct TopicTotals {
  std::string topic;
  std::uint64_t published = 0;
  std::uint64_t failures = 0;
  std::optional<std::string> paused_by_sink{};  // why it takes nothing at the moment
};

// Counts and logs what the relay does. The observer's methods belong to the relay's thread, the
// questions to any.
class RelayMetrics final : public RelayObserver {
 public:
  explicit RelayMetrics(telemetry::Metrics& metrics);

  // Before the relay runs: what traces messages as well; null: nothing does.
  void trace_to(RelaySpans* spans) { spans_ = spans; }

  void acknowledged(const Record& record, const Delivery& delivery) override;
  void deliveries_taken() override;
  void rejected(const Record& record, std::string_view topic, const Error& error) override;
  void topic_failed(const Record& record, std::string_view topic, const Error& error) override;
  void destination_failed(const Error& error) override;
  void settled(const Settlement& settlement) override;
  void source_connected(const Exceptions& exceptions) override;
  void source_lost(const Error& error) override;
  void transaction_ended(TransactionOutcome outcome) override;

  [[nodiscard]] bool source_is_connected() const { return connected_; }
  // Why the source is not connected; empty while it is.
  [[nodiscard]] std::string source_problem() const;
  // That this relay owns.
  [[nodiscard]] int shards() const { return shards_; }
  [[nodiscard]] std::uint64_t processed() const { return processed_; }
  [[nodiscard]] std::uint64_t failed() const { return failed_; }
  [[nodiscard]] double processed_per_second() const { return processed_rate_.per_second(); }
  [[nodiscard]] double failed_per_second() const { return failed_rate_.per_second(); }
  // From commit to acknowledgement.
  [[nodiscard]] std::optional<LatencyWindow::Percentiles> latency() const {
    return latency_.last_minute();
  }
  // By name, at most TopicCounters::kMaxTopics and "other".
  [[nodiscard]] std::vector<TopicTotals> topics() const;

 private:
  // Since then, and how much the topic had taken by then.
  struct SinkPause {
    std::string reason;
    std::uint64_t published = 0;
  };

  void count_published();
  void note_pause(std::string_view topic, const Error& error);

  RelaySpans* spans_ = nullptr;
  TopicCounters published_;
  prometheus::Family<prometheus::Counter>& failures_;
  TopicCounters refused_;
  TopicCounters topic_failures_;
  prometheus::Counter& destination_failures_;
  BatchedHistogram commit_to_ack_;
  BatchedHistogram publish_duration_;
  LatencyWindow latency_;
  prometheus::Counter& rebalances_;
  prometheus::Family<prometheus::Counter>& transactions_;
  prometheus::Counter& committed_;
  prometheus::Counter& aborted_;
  prometheus::Counter& unknown_;
  prometheus::Gauge& shards_owned_;
  telemetry::RateLimit rejected_log_{std::chrono::seconds{1}};
  telemetry::RateLimit topic_log_{std::chrono::seconds{5}};
  telemetry::RateLimit destination_log_{std::chrono::seconds{5}};
  telemetry::RateLimit source_log_{std::chrono::seconds{5}};

  // Of the deliveries that are being taken: acknowledged by one topic, and since when.
  std::string_view topic_;
  std::size_t of_topic_ = 0;
  std::int64_t taken_at_us_ = 0;

  std::atomic<bool> connected_{false};
  std::atomic<int> shards_{0};
  std::atomic<std::uint64_t> processed_{0};
  std::atomic<std::uint64_t> failed_{0};
  Rate processed_rate_;
  Rate failed_rate_;
  mutable std::mutex mutex_;
  std::string problem_{"connecting"};
  std::map<std::string, SinkPause, std::less<>> sink_pauses_;  // no more than topics
};

}  // namespace outbox
