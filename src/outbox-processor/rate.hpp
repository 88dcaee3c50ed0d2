#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>

namespace outbox {

// Events per second over the last ten whole seconds. Thread-safe.
class Rate {
 public:
  using Clock = std::chrono::steady_clock;

  void add(std::uint64_t events, Clock::time_point now = Clock::now());
  [[nodiscard]] double per_second(Clock::time_point now = Clock::now()) const;

 private:
  static constexpr std::int64_t kSeconds = 10;
  struct Second {
    std::int64_t number = -1;
    std::uint64_t events = 0;
  };
  static std::int64_t number_of(Clock::time_point time);

  mutable std::mutex mutex_;
  std::array<Second, kSeconds + 1> seconds_;  // one more: the current one, not yet whole
};

}  // namespace outbox
