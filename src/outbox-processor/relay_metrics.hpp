#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include "core/relay_observer.hpp"
#include "outbox-processor/rate.hpp"
#include "support/telemetry/metrics.hpp"
#include "support/telemetry/rate_limit.hpp"

namespace outbox {

// Counts and logs what the relay does. The observer's methods belong to the relay's thread, the
// questions to any.
class RelayMetrics final : public RelayObserver {
 public:
  explicit RelayMetrics(telemetry::Metrics& metrics);

  void acknowledged(const Record& record, std::string_view topic) override;
  void rejected(const Record& record, std::string_view topic, const Error& error) override;
  void destination_failed(const Error& error) override;
  void settled(const Settlement& settlement) override;
  void source_connected(const Exceptions& exceptions) override;
  void source_lost(const Error& error) override;

  [[nodiscard]] bool source_is_connected() const { return connected_; }
  // Why the source is not connected; empty while it is.
  [[nodiscard]] std::string source_problem() const;
  [[nodiscard]] std::uint64_t processed() const { return processed_; }
  [[nodiscard]] std::uint64_t failed() const { return failed_; }
  [[nodiscard]] double processed_per_second() const { return processed_rate_.per_second(); }
  [[nodiscard]] double failed_per_second() const { return failed_rate_.per_second(); }

 private:
  // Topics come from aggregate types, which any writer may invent: a label per topic needs a bound.
  static constexpr std::size_t kMaxTopicLabels = 200;

  [[nodiscard]] prometheus::Counter& published_to(std::string_view topic);

  prometheus::Family<prometheus::Counter>& published_;
  prometheus::Family<prometheus::Counter>& failures_;
  prometheus::Counter& destination_failures_;
  prometheus::Histogram& commit_to_ack_;
  prometheus::Counter& rebalances_;
  prometheus::Gauge& shards_owned_;
  std::map<std::string, prometheus::Counter*, std::less<>> by_topic_;
  telemetry::RateLimit rejected_log_{std::chrono::seconds{1}};
  telemetry::RateLimit destination_log_{std::chrono::seconds{5}};
  telemetry::RateLimit source_log_{std::chrono::seconds{5}};

  std::atomic<bool> connected_{false};
  std::atomic<std::uint64_t> processed_{0};
  std::atomic<std::uint64_t> failed_{0};
  Rate processed_rate_;
  Rate failed_rate_;
  mutable std::mutex mutex_;
  std::string problem_{"connecting"};
};

}  // namespace outbox
