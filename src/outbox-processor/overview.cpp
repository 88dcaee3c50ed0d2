#include "outbox-processor/overview.hpp"

#include <algorithm>

#include "outbox/shard.hpp"
#include "support/text/rfc3339.hpp"

namespace outbox {
namespace {

using json = nlohmann::ordered_json;

template <class T>
json nullable(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}

void add_status(json& overview, const Result<SourceStatus>& status, int owned) {
  for (const char* name : {"pending", "oldestPendingAgeSeconds", "failed", "shards", "lagBytes"})
    overview[name] = nullptr;
  overview["pendingIsEstimate"] = false;
  if (!status) return;
  overview["pending"] = status->pending;
  overview["pendingIsEstimate"] = status->pending_is_estimate;
  overview["oldestPendingAgeSeconds"] = static_cast<double>(status->oldest_pending_age_ms) / 1e3;
  overview["failed"] = {
      {"retrying", status->retrying}, {"heldKeys", status->held_keys}, {"dead", status->dead}};
  overview["shards"] = {{"total", kShardCount},
                        {"owned", owned},
                        {"owner", status->owner},
                        {"epoch", std::to_string(status->epoch)}};
  overview["lagBytes"] = status->lag_bytes;
}

void add_state(json& overview, const std::optional<admin::OutboxState>& known) {
  const admin::OutboxState state = known.value_or(admin::OutboxState{});
  overview["mode"] = state.mode;
  overview["paused"] = state.paused;
  overview["pausedTopics"] = state.paused_topics;
  overview["pausedShards"] = state.paused_shards;
}

json group_json(const ConsumerGroup& group) {
  json topics = json::array();
  for (std::size_t i = 0; i < std::min(group.topics.size(), kMostTopicsShown); ++i)
    topics.push_back({{"topic", group.topics[i].topic}, {"lag", group.topics[i].lag}});
  return {{"group", group.group},
          {"lag", nullable(group.lag)},
          {"ratePerSecond", nullable(group.per_second)},
          {"topics", std::move(topics)},
          {"problem", nullable(group.problem)}};
}

json consumers_json(const OverviewFacts& facts) {
  if (!facts.consumer && facts.groups.empty()) return nullptr;
  json groups = json::array();
  for (const ConsumerGroup& group : facts.groups)
    groups.push_back(group_json(group));
  const auto& asked = facts.consumer;
  return {{"url", asked ? json(asked->url) : json(nullptr)},
          {"reachable", asked ? json(asked->reachable) : json(nullptr)},
          {"groups", std::move(groups)}};
}

void add_connections(json& overview, const OverviewFacts& facts, const RelayMetrics& metrics) {
  json problem = nullptr;
  if (!facts.status) {
    problem = facts.status.error().message;
  } else if (!metrics.source_is_connected()) {
    problem = metrics.source_problem();
  }
  overview["source"] = {{"connected", metrics.source_is_connected()}, {"problem", problem}};
  overview["sink"] = {{"reachable", facts.sink.reachable}, {"detail", facts.sink.detail}};
  overview["consumers"] = consumers_json(facts);
}

json topics_json(const std::vector<TopicRate>& topics) {
  json list = json::array();
  for (std::size_t i = 0; i < std::min(topics.size(), kMostTopicsShown); ++i) {
    list.push_back(
        {{"topic", topics[i].topic}, {"publishedPerSecond", topics[i].published_per_second}});
  }
  return list;
}

json alerts_json(const OverviewFacts& facts, const RelayMetrics& metrics) {
  json list = json::array();
  const AlertFacts seen{facts.status,
                        metrics.source_is_connected(),
                        metrics.source_problem(),
                        facts.sink,
                        facts.state,
                        facts.partitions_ahead,
                        facts.groups};
  for (const Alert& alert : alerts(seen)) {
    list.push_back({{"id", alert.id},
                    {"severity", alert.critical ? "critical" : "warning"},
                    {"title", alert.title},
                    {"detail", alert.detail},
                    {"remedy", alert.remedy},
                    {"href", alert.href}});
  }
  return list;
}

}  // namespace

json latency_json(const std::optional<LatencyWindow::Percentiles>& latency) {
  if (!latency) return nullptr;
  return {{"p50Ms", latency->p50_ms},
          {"p95Ms", latency->p95_ms},
          {"p99Ms", latency->p99_ms},
          {"count", latency->count}};
}

json overview_json(const OverviewFacts& facts, const RelayMetrics& metrics) {
  json overview = {{"at", text::rfc3339_micros(facts.at_us)}, {"version", OUTBOX_VERSION}};
  add_state(overview, facts.state);
  add_status(overview, facts.status, metrics.shards());
  overview["processed"] = metrics.processed();
  overview["failedAttempts"] = metrics.failed();
  overview["rates"] = {{"processedPerSecond", metrics.processed_per_second()},
                       {"failedPerSecond", metrics.failed_per_second()}};
  overview["insertedPerSecond"] = nullable(facts.inserted_per_second);
  overview["latency"] = latency_json(metrics.latency());
  add_connections(overview, facts, metrics);
  overview["topics"] = topics_json(facts.topics);
  overview["alerts"] = alerts_json(facts, metrics);
  return overview;
}

}  // namespace outbox
