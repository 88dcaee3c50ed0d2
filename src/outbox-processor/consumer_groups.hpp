// Watches how far consumer groups are behind.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <prometheus/family.h>
#include <prometheus/gauge.h>

#include "outbox-processor/growth.hpp"
#include "outbox-processor/relay_metrics.hpp"
#include "outbox/source.hpp"
#include "sinks/kafka/consumer_lag.hpp"
#include "support/telemetry/metrics.hpp"

namespace outbox {

// As it was found last.
struct ConsumerGroup {
  std::string group;
  std::optional<std::int64_t> lag{};      // not known yet, or there is a problem
  std::optional<double> per_second{};     // how fast its committed offsets move
  std::vector<kafka::TopicLag> topics{};  // those with the most lag first
  std::optional<std::string> problem{};   // why it cannot be read
  bool behind = false;                    // has been too slow for kBehindFor
};

// Thread-safe, but for start, stop and look. One thread of its own, from start to stop: the brokers
// may take their time.
class ConsumerGroups {
 public:
  using Clock = std::chrono::steady_clock;
  using Ask = std::function<std::vector<kafka::GroupLag>(const TopicNames& sent_to,
                                                         const std::stop_token& stop)>;

  static constexpr std::chrono::seconds kInterval{5};
  // A group is too slow when at its pace more than a minute's work lies before it. A few offsets
  // are none: the markers of transactions count as lag for ever.
  static constexpr std::int64_t kFew = 100;
  static constexpr double kMuchSeconds = 60;
  static constexpr std::chrono::seconds kBehindFor{60};

  // `ask` answers for these groups, in this order. `relay` tells which topics are sent to, and must
  // outlive this, as must `metrics`.
  ConsumerGroups(Ask ask, const std::vector<std::string>& groups, const RelayMetrics& relay,
                 telemetry::Metrics& metrics);
  ~ConsumerGroups();  // stops
  ConsumerGroups(const ConsumerGroups&) = delete;
  ConsumerGroups& operator=(const ConsumerGroups&) = delete;

  void start();  // once
  void stop();   // joins the thread; idempotent

  [[nodiscard]] std::vector<ConsumerGroup> now() const;

  // What the thread does every kInterval; for tests.
  void look(Clock::time_point now, const std::stop_token& stop = {});

 private:
  using Place = std::pair<std::string, std::string>;  // group, topic
  struct Watched {
    Watched(prometheus::Gauge& its_lag, prometheus::Gauge& its_position)
        : lag(its_lag), position(its_position) {}

    prometheus::Gauge& lag;
    prometheus::Gauge& position;
    Growth growth{};
  };

  void run(const std::stop_token& stop);
  [[nodiscard]] ConsumerGroup take(const kafka::GroupLag& found, Clock::time_point now);
  [[nodiscard]] Watched& watched(const Place& place);
  void forget_others(const kafka::GroupLag& found);

  const Ask ask_;
  const RelayMetrics& relay_;
  prometheus::Family<prometheus::Gauge>& lags_;
  prometheus::Family<prometheus::Gauge>& positions_;
  // Of the thread alone.
  std::map<Place, Watched> watched_;  // as many as a look finds
  std::map<std::string, Clock::time_point> slow_since_;

  mutable std::mutex mutex_;
  std::vector<ConsumerGroup> groups_;

  std::jthread thread_;  // the last member: it uses the others
};

}  // namespace outbox
