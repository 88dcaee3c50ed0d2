#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>

namespace outbox {

// Percentiles of the durations of the last minute, to an eighth of their value. Holds a fixed
// amount of memory. One thread observes and flushes; any may ask.
class LatencyWindow {
 public:
  using Clock = std::chrono::steady_clock;

  struct Percentiles {
    double p50_ms = 0;
    double p95_ms = 0;
    double p99_ms = 0;
    std::uint64_t count = 0;
  };

  void observe(std::int64_t us) {
    const std::size_t bucket = bucket_of(us);
    ++batch_[bucket];
    low_ = std::min(low_, bucket);
    high_ = std::max(high_, bucket);
  }

  // Those observed since the last flush become visible.
  void flush(Clock::time_point now = Clock::now()) {
    if (low_ > high_) return;
    add_batch(now);
    low_ = kBuckets;
    high_ = 0;
  }

  // Nothing: no duration was observed in the last minute.
  [[nodiscard]] std::optional<Percentiles> last_minute(Clock::time_point now = Clock::now()) const;

 private:
  // Up to 16 µs a bucket for each; beyond, eight for each power of two up to 2^36 µs, 19 hours.
  static constexpr std::size_t kExact = 16;
  static constexpr int kHighestPower = 36;
  static constexpr std::size_t kBuckets = kExact + (kHighestPower - 4) * 8;
  static constexpr std::int64_t kSeconds = 60;

  using Counts = std::array<std::uint32_t, kBuckets>;
  struct Second {
    std::int64_t number = -1;
    Counts counts{};
  };

  static std::size_t bucket_of(std::int64_t us) {
    const auto value = static_cast<std::uint64_t>(
        std::clamp<std::int64_t>(us, 0, (std::int64_t{1} << kHighestPower) - 1));
    if (value < kExact) return value;
    const int power = static_cast<int>(std::bit_width(value)) - 1;
    return kExact + static_cast<std::size_t>(power - 4) * 8 + ((value >> (power - 3)) & 7U);
  }
  // In the middle of the bucket.
  static double milliseconds_of(std::size_t bucket);
  static std::int64_t number_of(Clock::time_point time);
  void add_batch(Clock::time_point now);

  // Of the observing thread: since the last flush, and between which buckets.
  Counts batch_{};
  std::size_t low_ = kBuckets;
  std::size_t high_ = 0;

  mutable std::mutex mutex_;
  std::array<Second, kSeconds + 1> seconds_;  // one more: the current one, not yet whole
};

}  // namespace outbox
