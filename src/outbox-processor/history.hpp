// The last hour, as charts show it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "outbox-processor/latency_window.hpp"

namespace outbox {

// At one moment; what the database could not tell is missing.
struct HistoryPoint {
  std::int64_t at_us = 0;  // Unix time
  double processed_per_second = 0;
  double failed_per_second = 0;
  std::optional<double> inserted_per_second{};
  std::optional<std::int64_t> pending{};
  std::optional<double> oldest_pending_age_seconds{};
  std::optional<LatencyWindow::Percentiles> latency{};
};

// A ring of points, one every kStepSeconds. Thread-safe.
class History {
 public:
  static constexpr int kStepSeconds = 10;
  static constexpr int kMinutes = 60;

  void add(const HistoryPoint& point);
  // Of the last `minutes`, 1 to kMinutes, the oldest first.
  [[nodiscard]] std::vector<HistoryPoint> last(int minutes) const;

 private:
  static constexpr std::size_t kPoints = kMinutes * 60 / kStepSeconds;

  mutable std::mutex mutex_;
  std::array<HistoryPoint, kPoints> points_;
  std::size_t added_ = 0;
};

}  // namespace outbox
