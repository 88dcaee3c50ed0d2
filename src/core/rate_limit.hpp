#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "outbox/clock.hpp"

namespace outbox {

// A token bucket: at most `per_second` messages a second on average, in bursts of at most a tenth
// of them. One thread.
class RateLimit {
 public:
  using time_point = Clock::time_point;

  // 0: no limit.
  RateLimit(double per_second, time_point now)
      : per_second_(per_second), burst_(std::max(1.0, per_second / 10)), filled_(now) {}

  // How many messages may be sent now, at most `wanted`.
  [[nodiscard]] std::size_t allowed(std::size_t wanted, time_point now) {
    if (per_second_ <= 0) {
      return wanted;
    }
    const std::chrono::duration<double> passed = now - filled_;
    tokens_ = std::min(burst_, tokens_ + passed.count() * per_second_);
    filled_ = now;
    return std::min(wanted, static_cast<std::size_t>(tokens_));
  }
  void used(std::size_t messages) {
    if (per_second_ > 0) {
      tokens_ -= static_cast<double>(messages);
    }
  }
  // When one more may be sent.
  [[nodiscard]] time_point next() const {
    const std::chrono::duration<double> wait{std::max(0.0, 1 - tokens_) / per_second_};
    return filled_ + std::chrono::ceil<time_point::duration>(wait);
  }

 private:
  double per_second_;
  double burst_;
  double tokens_ = 1;
  time_point filled_;
};

}  // namespace outbox
