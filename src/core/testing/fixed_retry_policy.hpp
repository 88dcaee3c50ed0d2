#pragma once

#include <chrono>

#include "outbox/retry_policy.hpp"

namespace outbox {

// 100 ms after the first attempt, 200 ms after the second, and so on.
class FixedRetryPolicy final : public RetryPolicy {
 public:
  [[nodiscard]] std::chrono::milliseconds next_delay(int attempts, const Error& /*e*/) override {
    return std::chrono::milliseconds{100} * attempts;
  }
};

}  // namespace outbox
