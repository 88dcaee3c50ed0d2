#include "outbox-processor/rate.hpp"

namespace outbox {

void Rate::add(std::uint64_t events, Clock::time_point now) {
  const std::int64_t number = number_of(now);
  const std::lock_guard lock{mutex_};
  Second& second = seconds_[static_cast<std::size_t>(number) % seconds_.size()];
  if (second.number != number) {
    second = Second{number, 0};
  }
  second.events += events;
}

double Rate::per_second(Clock::time_point now) const {
  const std::int64_t current = number_of(now);
  std::uint64_t events = 0;
  const std::lock_guard lock{mutex_};
  for (const Second& second : seconds_) {
    if (second.number < current && second.number >= current - kSeconds) {
      events += second.events;
    }
  }
  return static_cast<double>(events) / static_cast<double>(kSeconds);
}

std::int64_t Rate::number_of(Clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace outbox
