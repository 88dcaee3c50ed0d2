// When to try a failed message again.
#pragma once

#include <chrono>

#include "outbox/result.hpp"

namespace outbox {

class RetryPolicy {
 public:
  virtual ~RetryPolicy() = default;
  // The wait before the next attempt, after `attempts` (1 or more) failed ones.
  [[nodiscard]] virtual std::chrono::milliseconds next_delay(int attempts, const Error& error) = 0;
};

}  // namespace outbox
