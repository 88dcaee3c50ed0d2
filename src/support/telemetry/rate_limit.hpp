// Keeps an event that repeats from flooding the log.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace outbox::telemetry {

// Lets one event pass an interval and counts those it held back. Not thread-safe.
class RateLimit {
 public:
  explicit RateLimit(std::chrono::milliseconds interval) : interval_(interval) {}

  // Nothing: hold this event back. A number: let it pass; so many were held back before it.
  [[nodiscard]] std::optional<std::uint64_t> pass(std::chrono::steady_clock::time_point now) {
    if (last_ && now - *last_ < interval_) {
      ++held_back_;
      return std::nullopt;
    }
    last_ = now;
    return std::exchange(held_back_, 0);
  }

 private:
  std::chrono::milliseconds interval_;
  std::optional<std::chrono::steady_clock::time_point> last_;
  std::uint64_t held_back_ = 0;
};

}  // namespace outbox::telemetry
