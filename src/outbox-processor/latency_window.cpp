#include "outbox-processor/latency_window.hpp"

#include <cmath>

namespace outbox {

void LatencyWindow::add_batch(Clock::time_point now) {
  const std::int64_t number = number_of(now);
  const std::lock_guard lock{mutex_};
  Second& second = seconds_[static_cast<std::size_t>(number) % seconds_.size()];
  if (second.number != number) {
    second.number = number;
    second.counts.fill(0);
  }
  for (std::size_t bucket = low_; bucket <= high_; ++bucket) {
    second.counts[bucket] += batch_[bucket];
    batch_[bucket] = 0;
  }
}

std::optional<LatencyWindow::Percentiles> LatencyWindow::last_minute(Clock::time_point now) const {
  const std::int64_t current = number_of(now);
  std::array<std::uint64_t, kBuckets> counts{};
  Percentiles result;
  {
    const std::lock_guard lock{mutex_};
    for (const Second& second : seconds_) {
      if (second.number > current || second.number < current - kSeconds) continue;
      for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
        counts[bucket] += second.counts[bucket];
        result.count += second.counts[bucket];
      }
    }
  }
  if (result.count == 0) return std::nullopt;
  const auto at = [&](double share) {
    const auto wanted =
        static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(result.count)));
    std::uint64_t passed = 0;
    std::size_t bucket = 0;
    while (bucket + 1 < kBuckets && (passed += counts[bucket]) < wanted)
      ++bucket;
    return milliseconds_of(bucket);
  };
  result.p50_ms = at(0.5);
  result.p95_ms = at(0.95);
  result.p99_ms = at(0.99);
  return result;
}

double LatencyWindow::milliseconds_of(std::size_t bucket) {
  if (bucket < kExact) return static_cast<double>(bucket) / 1e3;
  const std::size_t power = (bucket - kExact) / 8 + 4;
  const double eighth = std::ldexp(1.0, static_cast<int>(power) - 3);
  return (std::ldexp(1.0, static_cast<int>(power)) +
          (static_cast<double>((bucket - kExact) % 8) + 0.5) * eighth) /
         1e3;
}

std::int64_t LatencyWindow::number_of(Clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace outbox
