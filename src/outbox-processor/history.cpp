#include "outbox-processor/history.hpp"

#include <algorithm>

namespace outbox {

void History::add(const HistoryPoint& point) {
  const std::lock_guard lock{mutex_};
  points_[added_ % kPoints] = point;
  ++added_;
}

std::vector<HistoryPoint> History::last(int minutes) const {
  const auto wanted =
      static_cast<std::size_t>(std::clamp(minutes, 1, kMinutes)) * 60 / kStepSeconds;
  const std::lock_guard lock{mutex_};
  const std::size_t count = std::min({added_, wanted, kPoints});
  std::vector<HistoryPoint> points;
  points.reserve(count);
  for (std::size_t i = added_ - count; i < added_; ++i)
    points.push_back(points_[i % kPoints]);
  return points;
}

}  // namespace outbox
