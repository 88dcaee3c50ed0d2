#include "outbox-processor/growth.hpp"

#include <algorithm>

namespace outbox {

void Growth::look(std::int64_t number, Clock::time_point now) {
  const std::lock_guard lock{mutex_};
  if (!looks_.empty() && number < looks_.back().number) looks_.clear();
  if (!looks_.empty() && now - looks_.back().at < std::chrono::seconds{1}) return;
  looks_.push_back({now, number});
  while (now - looks_.front().at > kWindow)
    looks_.pop_front();
}

std::optional<double> Growth::per_second(Clock::time_point now) const {
  const std::lock_guard lock{mutex_};
  const auto first = std::find_if(looks_.begin(), looks_.end(),
                                  [&](const Look& look) { return now - look.at <= kWindow; });
  if (looks_.end() - first < 2) return std::nullopt;
  const std::chrono::duration<double> between = looks_.back().at - first->at;
  return static_cast<double>(looks_.back().number - first->number) / between.count();
}

}  // namespace outbox
