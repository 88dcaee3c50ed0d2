#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

namespace outbox {

// How fast a number that only grows does so, from looks at it. Thread-safe.
class Growth {
 public:
  using Clock = std::chrono::steady_clock;

  // A look that is younger than a second than the last one is not kept. A smaller number than
  // before begins anew.
  void look(std::int64_t number, Clock::time_point now = Clock::now());

  // Between the newest look and the oldest of the last fifteen seconds; nothing: there are no two.
  [[nodiscard]] std::optional<double> per_second(Clock::time_point now = Clock::now()) const;

 private:
  static constexpr std::chrono::seconds kWindow{15};
  struct Look {
    Clock::time_point at;
    std::int64_t number = 0;
  };

  mutable std::mutex mutex_;
  std::deque<Look> looks_;  // of the window, so no more than sixteen
};

}  // namespace outbox
