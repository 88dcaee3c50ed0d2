#pragma once

#include <chrono>

#include "outbox/clock.hpp"

namespace outbox {

// Stands still until it is advanced. One thread.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] time_point now() const override { return now_; }
  void advance(std::chrono::milliseconds by) { now_ += by; }
  void set(time_point now) { now_ = now; }

 private:
  time_point now_{std::chrono::hours{1}};
};

}  // namespace outbox
