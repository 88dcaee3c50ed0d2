#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include "core/relay_observer.hpp"
#include "outbox-processor/batched_histogram.hpp"
#include "outbox-processor/rate.hpp"
#include "outbox-processor/relay_spans.hpp"
#include "support/telemetry/metrics.hpp"
#include "support/telemetry/rate_limit.hpp"

namespace outbox {

// A counter per topic. Topics come from aggregate types, which any writer may invent, so the labels
// have a bound: the topics beyond it share the label "other". One thread.
class TopicCounters {
 public:
  static constexpr std::size_t kMaxTopics = 200;

  // `labels` come with every topic.
  TopicCounters(prometheus::Family<prometheus::Counter>& family, prometheus::Labels labels)
      : family_(family), labels_(std::move(labels)) {}

  [[nodiscard]] prometheus::Counter& of(std::string_view topic);

 private:
  [[nodiscard]] prometheus::Counter& add(std::string_view topic);

  prometheus::Family<prometheus::Counter>& family_;
  prometheus::Labels labels_;
  std::map<std::string, prometheus::Counter*, std::less<>> by_topic_;
  prometheus::Counter* other_ = nullptr;
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

 private:
  void count_published();

  RelaySpans* spans_ = nullptr;
  TopicCounters published_;
  prometheus::Family<prometheus::Counter>& failures_;
  TopicCounters refused_;
  TopicCounters topic_failures_;
  prometheus::Counter& destination_failures_;
  BatchedHistogram commit_to_ack_;
  BatchedHistogram publish_duration_;
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
};

}  // namespace outbox
