#include "core/topic_pauses.hpp"

#include <algorithm>
#include <utility>

#include "mutants/mutant.hpp"

namespace outbox {
namespace {

// By which the message's pause is found: its topic is asked of the sink for those alone that may be
// held, and follows from the type unless the message names one.
std::string_view name_of(const Record& record) {
  return record.topic.empty() ? record.aggregate_type : record.topic;
}

}  // namespace

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
  Pauses& pauses = record.topic.empty() ? of_types_ : of_topics_;
  Pause& pause = pauses[std::string{name_of(record)}];
  if (now < pause.until) {
    return false;  // sent before the pause began
  }
  ++pause.failures;
  pause.until = now + backoff_.next_delay(pause.failures, error);
  pause.error = error;
  return true;
}

void TopicPauses::delivered(const Record& record) {
  if (of_types_.empty() && of_topics_.empty()) {
    return;
  }
  Pauses& pauses = record.topic.empty() ? of_types_ : of_topics_;
  if (const auto found = pauses.find(name_of(record)); found != pauses.end()) {
    pauses.erase(found);
  }
}

void TopicPauses::clear() {
  of_types_.clear();
  of_topics_.clear();
}

const TopicPauses::Pause* TopicPauses::find(const Record& record) const {
  const Pauses& pauses = record.topic.empty() ? of_types_ : of_topics_;
  const auto found = pauses.find(name_of(record));
  return found == pauses.end() ? nullptr : &found->second;
}

const Error* TopicPauses::reason(const Record& record, time_point now) const {
  static const Error kHeld{ErrorCode::topic_unavailable, std::string{kPausedByOperator}};
  if (held_ == nullptr && of_types_.empty() && of_topics_.empty()) {
    return nullptr;
  }
  if (is_held(record)) {
    return &kHeld;
  }
  const Pause* const pause = find(record);
  return pause == nullptr || pause->until <= now ? nullptr : &pause->error;
}

TopicPauses::time_point TopicPauses::end(const Record& record, time_point now) const {
  if (is_held(record)) {
    return time_point::max();
  }
  const Pause* const pause = find(record);
  return pause == nullptr ? now : std::max(now, pause->until);
}

}  // namespace outbox
