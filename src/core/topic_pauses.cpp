#include "core/topic_pauses.hpp"

#include <algorithm>

namespace outbox {

bool TopicPauses::failed(std::string_view aggregate_type, const Error& error, time_point now) {
  const auto found = pauses_.find(aggregate_type);
  Pause& pause = found != pauses_.end() ? found->second : pauses_[std::string{aggregate_type}];
  if (now < pause.until) {
    return false;  // sent before the pause began
  }
  ++pause.failures;
  pause.until = now + backoff_.next_delay(pause.failures, error);
  pause.error = error;
  return true;
}

void TopicPauses::delivered(std::string_view aggregate_type) {
  if (pauses_.empty()) {
    return;
  }
  if (const auto found = pauses_.find(aggregate_type); found != pauses_.end()) {
    pauses_.erase(found);
  }
}

const Error* TopicPauses::reason(std::string_view aggregate_type, time_point now) const {
  if (pauses_.empty()) {
    return nullptr;
  }
  const auto found = pauses_.find(aggregate_type);
  return found == pauses_.end() || found->second.until <= now ? nullptr : &found->second.error;
}

TopicPauses::time_point TopicPauses::end(std::string_view aggregate_type, time_point now) const {
  const auto found = pauses_.find(aggregate_type);
  return found == pauses_.end() ? now : std::max(now, found->second.until);
}

}  // namespace outbox
