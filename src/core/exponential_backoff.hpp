#pragma once

#include <chrono>
#include <cstdint>
#include <random>

#include "outbox/retry_policy.hpp"

namespace outbox {

struct BackoffOptions {
  std::chrono::milliseconds initial{};  // the ceiling of the first delay
  std::chrono::milliseconds max{};      // no delay is longer
};

// Exponential backoff with full jitter: uniform in [0, min(max, initial * 2^(attempts - 1))], so
// that what failed together does not return together. Source: M. Brooker, "Exponential Backoff And
// Jitter", AWS Architecture Blog, 2015. One thread at a time.
class ExponentialBackoff final : public RetryPolicy {
 public:
  ExponentialBackoff(BackoffOptions options, std::uint64_t seed)
      : options_(options), random_(seed) {}

  [[nodiscard]] std::chrono::milliseconds next_delay(int attempts, const Error& error) override;

 private:
  BackoffOptions options_;
  std::mt19937_64 random_;
};

}  // namespace outbox
