#include "core/attempt.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "core/record_tag.hpp"

namespace outbox {

Attempt::Attempt(std::uint64_t slot, Batch batch)
    : slot_(slot), batch_(std::move(batch)), outcomes_(batch_.records.size()) {
  for (std::size_t i = 0; i < batch_.records.size(); ++i) {
    batch_.records[i].tag = make_tag(slot, i);
  }
}

std::size_t Attempt::group_end(std::size_t index) const {
  const auto group = std::partition_point(groups_.begin(), groups_.end(),
                                          [index](const Group& g) { return g.end <= index; });
  return group == groups_.end() ? outcomes_.size() : group->end;
}

bool Attempt::send(LimitedSink& sink, const TopicPauses& topics, Clock::time_point now,
                   const Refused& refused) {
  const std::span<const Record> records{batch_.records};
  while (next_ < outcomes_.size()) {
    const std::size_t end = group_end(next_);
    std::size_t until = next_;
    while (until < end && topics.reason(records[until], now) == nullptr) {
      ++until;
    }
    if (until == next_) {
      refuse(next_, *topics.reason(records[next_], now));
      next_ = end;
      continue;
    }
    const SendResult result = sink.send(records.subspan(next_, until - next_));
    for (std::size_t i = 0; i < result.accepted; ++i) {
      outcomes_[next_ + i].state = State::in_flight;
    }
    in_flight_ += result.accepted;
    next_ += result.accepted;
    if (result.rejected) {
      refused(records[next_], *result.rejected);
      refuse(next_, *result.rejected);
      next_ = end;  // what follows of the key stays unsent
    } else if (next_ < until) {
      return false;
    }
  }
  return true;
}

void Attempt::refuse(std::size_t index, const Error& error) {
  outcomes_[index].state =
      error.code == ErrorCode::topic_unavailable ? State::paused : State::refused;
  outcomes_[index].error = error;
}

void Attempt::take(const Delivery& delivery) {
  const std::size_t index = index_of(delivery.tag);
  Outcome& outcome = outcomes_[index];
  --in_flight_;
  if (!delivery.error) {
    outcome.state = State::delivered;
    outcome.receipt =
        Receipt{batch_.records[index].seq, delivery.topic, delivery.partition, delivery.offset};
  } else if (delivery.error->code == ErrorCode::destination_unavailable) {
    outcome.state = State::unsent;
    if (!follows_refused(index)) {
      abandon_unsent();
    }
  } else {
    refuse(index, *delivery.error);
    if (const std::size_t end = group_end(index); next_ > index && next_ < end) {
      next_ = end;  // the sink was full in the middle of this key
    }
  }
}

bool Attempt::follows_refused(std::size_t index) const {
  for (std::size_t i = 0; i < index; ++i) {
    const State state = outcomes_[i].state;
    if ((state == State::refused || state == State::paused) &&
        batch_.records[i].key == batch_.records[index].key) {
      return true;
    }
  }
  return false;
}

const Record* Attempt::record_of(const Delivery& delivery) const {
  return slot_of(delivery.tag) == slot_ ? &batch_.records[index_of(delivery.tag)] : nullptr;
}

}  // namespace outbox
