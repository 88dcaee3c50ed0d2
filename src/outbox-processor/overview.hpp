#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "admin/outbox_state.hpp"
#include "outbox-processor/alerts.hpp"
#include "outbox-processor/consumer_groups.hpp"
#include "outbox-processor/relay_metrics.hpp"
#include "outbox/result.hpp"
#include "outbox/sink.hpp"
#include "sources/status.hpp"

namespace outbox {

struct TopicRate {
  std::string topic;
  double published_per_second = 0;
};

struct ConsumerState {
  std::string url;  // for people
  bool reachable = false;
};

// What one look at everything has found.
struct OverviewFacts {
  std::int64_t at_us = 0;  // Unix time
  Result<SourceStatus> status;
  SinkHealth sink{};
  std::optional<admin::OutboxState> state{};  // not known: the outbox is in SQLite, or away
  std::optional<std::int64_t> partitions_ahead{};
  std::optional<double> inserted_per_second{};
  std::vector<TopicRate> topics{};  // the busiest first
  std::optional<ConsumerState> consumer{};
  std::vector<ConsumerGroup> groups{};
};

// Of the topics, that an overview shows; as many of each consumer group.
inline constexpr std::size_t kMostTopicsShown = 20;

// GET /api/v1/overview. What the database could not tell is null, with the reason in
// `source.problem`.
[[nodiscard]] nlohmann::ordered_json overview_json(const OverviewFacts& facts,
                                                   const RelayMetrics& metrics);

// {"p50Ms","p95Ms","p99Ms","count"}, or null.
[[nodiscard]] nlohmann::ordered_json latency_json(
    const std::optional<LatencyWindow::Percentiles>& latency);

}  // namespace outbox
