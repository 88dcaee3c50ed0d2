// Spreads the work of several threads evenly over time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace outbox::chaos {

// Thread-safe.
class Pace {
 public:
  // `per_second` > 0. After an outage what was missed is made up for, but not more than
  // `longest_arrears` of it.
  Pace(double per_second, std::chrono::milliseconds longest_arrears);

  // Waits until `units` more are due; false when it was stopped before.
  [[nodiscard]] bool take(int units, const std::stop_token& stop);

 private:
  using Clock = std::chrono::steady_clock;

  const double per_second_;
  const std::chrono::milliseconds longest_arrears_;
  std::mutex mutex_;
  std::condition_variable_any stopped_;
  Clock::time_point next_ = Clock::now();
};

// Waits; false when it was stopped before.
[[nodiscard]] bool sleep_for(std::chrono::milliseconds duration, const std::stop_token& stop);

}  // namespace outbox::chaos
