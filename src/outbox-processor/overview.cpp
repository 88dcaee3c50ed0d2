#include "outbox-processor/overview.hpp"

#include <nlohmann/json.hpp>

#include "outbox/shard.hpp"

namespace outbox {

std::string overview_json(const Result<postgres_table::Status>& status, const RelayMetrics& metrics,
                          const SinkHealth& sink) {
  using nlohmann::json;
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
  if (!status) {
    overview["source"]["problem"] = status.error().message;
    return overview.dump();
  }
  overview["pending"] = status->pending;
  overview["pendingIsEstimate"] = status->pending_is_estimate;
  overview["oldestPendingAgeSeconds"] = static_cast<double>(status->oldest_pending_age_ms) / 1e3;
  overview["failed"] = {
      {"retrying", status->retrying}, {"heldKeys", status->held_keys}, {"dead", status->dead}};
  overview["shards"] = {{"total", kShardCount},
                        {"owned", metrics.source_is_connected() ? kShardCount : 0},
                        {"owner", status->owner},
                        {"epoch", status->epoch}};
  return overview.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace outbox
