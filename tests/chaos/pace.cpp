#include "tests/chaos/pace.hpp"

#include <algorithm>

namespace outbox::chaos {

Pace::Pace(double per_second, std::chrono::milliseconds longest_arrears)
    : per_second_(per_second), longest_arrears_(longest_arrears) {}

bool Pace::take(int units, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  next_ = std::max(next_, Clock::now() - longest_arrears_);
  const Clock::time_point due = next_;
  next_ += std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(units / per_second_));
  stopped_.wait_until(lock, stop, due, [&] { return Clock::now() >= due; });
  return !stop.stop_requested();
}

bool sleep_for(std::chrono::milliseconds duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait_for(lock, stop, duration, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace outbox::chaos
