#include "core/exponential_backoff.hpp"

#include <algorithm>

namespace outbox {

std::chrono::milliseconds ExponentialBackoff::next_delay(int attempts, const Error& /*error*/) {
  // 2^30 initial delays are beyond any maximum; the cap keeps the shift defined.
  const int doublings = std::clamp(attempts - 1, 0, 30);
  const std::int64_t ceiling =
      std::min<std::int64_t>(options_.max.count(), options_.initial.count() << doublings);
  return std::chrono::milliseconds{
      std::uniform_int_distribution<std::int64_t>{0, ceiling}(random_)};
}

}  // namespace outbox
