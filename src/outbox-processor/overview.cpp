#include "outbox-processor/overview.hpp"

#include <nlohmann/json.hpp>

#include "outbox/shard.hpp"

namespace outbox {

namespace {

using nlohmann::json;

void add_status(json& overview, const SourceStatus& status, int shards) {
  overview["pending"] = status.pending;
  overview["pendingIsEstimate"] = status.pending_is_estimate;
  overview["oldestPendingAgeSeconds"] = static_cast<double>(status.oldest_pending_age_ms) / 1e3;
  overview["failed"] = {
      {"retrying", status.retrying}, {"heldKeys", status.held_keys}, {"dead", status.dead}};
  overview["shards"] = {
      {"total", kShardCount}, {"owned", shards}, {"owner", status.owner}, {"epoch", status.epoch}};
}

}  // namespace

std::string overview_json(const Result<SourceStatus>& status, const RelayMetrics& metrics,
                          const SinkHealth& sink) {
  json overview = {
      {"pending", nullptr},
      {"pendingIsEstimate", false},
      {"oldestPendingAgeSeconds", nullptr},
      {"processed", metrics.processed()},
      {"failedAttempts", metrics.failed()},
      {"failed", nullptr},
      {"rates",
       {{"processedPerSecond", metrics.processed_per_second()},
        {"failedPerSecond", metrics.failed_per_second()}}},
      {"shards", nullptr},
      {"source", {{"connected", metrics.source_is_connected()}, {"problem", nullptr}}},
      {"sink", {{"reachable", sink.reachable}, {"detail", sink.detail}}},
  };
  if (!metrics.source_is_connected()) {
    overview["source"]["problem"] = metrics.source_problem();
  }
  if (status) {
    add_status(overview, *status, metrics.shards());
  } else {
    overview["source"]["problem"] = status.error().message;
  }
  // A server's message may be in any encoding.
  return overview.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace outbox
