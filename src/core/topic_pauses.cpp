#include "core/topic_pauses.hpp"

#include <algorithm>
#include <utility>

#include "mutants/mutant.hpp"

namespace outbox {

bool TopicPauses::hold(std::shared_ptr<const TopicNames> topics) {
  if (topics != nullptr && topics->empty()) {
    topics.reset();
  }
  if (topics == held_) {
    return false;
  }
  held_ = std::move(topics);
  return true;
}

bool TopicPauses::is_held(const Record& record) const {
  return held_ != nullptr && held_->contains(sink_.topic_of(record)) &&
         !mutant::on(mutant::Mutant::held_topic_goes_on);
}

bool TopicPauses::failed(const Record& record, const Error& error, time_point now) {
  if (is_held(record)) {
    return false;
  }
  const auto found = pauses_.find(record.aggregate_type);
  Pause& pause =
      found != pauses_.end() ? found->second : pauses_[std::string{record.aggregate_type}];
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

const Error* TopicPauses::reason(const Record& record, time_point now) const {
  static const Error kHeld{ErrorCode::topic_unavailable, std::string{kPausedByOperator}};
  if (held_ == nullptr && pauses_.empty()) {
    return nullptr;
  }
  if (is_held(record)) {
    return &kHeld;
  }
  const auto found = pauses_.find(record.aggregate_type);
  return found == pauses_.end() || found->second.until <= now ? nullptr : &found->second.error;
}

TopicPauses::time_point TopicPauses::end(const Record& record, time_point now) const {
  if (is_held(record)) {
    return time_point::max();
  }
  const auto found = pauses_.find(record.aggregate_type);
  return found == pauses_.end() ? now : std::max(now, found->second.until);
}

}  // namespace outbox
