#include "core/exception_attempt.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace outbox {

ExceptionAttempt::ExceptionAttempt(std::uint64_t slot, std::vector<HeldRange> ranges, Batch batch,
                                   std::size_t limit_per_range)
    : slot_(slot),
      ranges_(std::move(ranges)),
      batch_(std::move(batch)),
      outcomes_(batch_.records.size()) {
  for (std::size_t i = 0; i < batch_.records.size(); ++i) {
    batch_.records[i].tag = make_tag(slot, i);
  }
  divide(limit_per_range);
}

// The batch has the records range after range; a range may have none.
void ExceptionAttempt::divide(std::size_t limit_per_range) {
  const std::vector<Record>& records = batch_.records;
  std::size_t index = 0;
  for (const HeldRange& range : ranges_) {
    Group group;
    group.begin = index;
    while (index < records.size() && records[index].key == range.key &&
           records[index].seq >= range.from_seq && records[index].seq <= range.until_seq) {
      ++index;
    }
    group.end = index;
    const bool cut_off = batch_.truncated && index == records.size();
    group.complete = !cut_off && group.end - group.begin < limit_per_range;
    groups_.push_back(group);
  }
}

std::size_t ExceptionAttempt::group_end(std::size_t index) const {
  const auto group = std::find_if(groups_.begin(), groups_.end(),
                                  [index](const Group& g) { return index < g.end; });
  return group == groups_.end() ? outcomes_.size() : group->end;
}

bool ExceptionAttempt::send(Sink& sink, RelayObserver& observer) {
  const std::span<const Record> records{batch_.records};
  while (next_ < outcomes_.size()) {
    const std::size_t end = group_end(next_);
    const SendResult result = sink.send(records.subspan(next_, end - next_));
    for (std::size_t i = 0; i < result.accepted; ++i) {
      outcomes_[next_ + i].state = State::in_flight;
    }
    in_flight_ += result.accepted;
    next_ += result.accepted;
    if (result.rejected) {
      observer.rejected(records[next_], {}, *result.rejected);
      outcomes_[next_].state = State::refused;
      outcomes_[next_].error = *result.rejected;
      next_ = end;  // what follows of the key stays unsent
    } else if (next_ < end) {
      return false;
    }
  }
  return true;
}

void ExceptionAttempt::take(const Delivery& delivery) {
  const std::size_t index = index_of(delivery.tag);
  Outcome& outcome = outcomes_[index];
  --in_flight_;
  if (!delivery.error) {
    outcome.state = State::delivered;
    outcome.receipt =
        Receipt{batch_.records[index].seq, delivery.topic, delivery.partition, delivery.offset};
  } else if (delivery.error->code == ErrorCode::message_rejected) {
    outcome.state = State::refused;
    outcome.error = *delivery.error;
    if (const std::size_t end = group_end(index); next_ < end) {
      next_ = end;  // the sink was full in the middle of this key
    }
  } else {
    outcome.state = State::unsent;
    if (!follows_refused(index)) {
      abandon_unsent();
    }
  }
}

bool ExceptionAttempt::follows_refused(std::size_t index) const {
  const auto group = std::find_if(groups_.begin(), groups_.end(),
                                  [index](const Group& g) { return index < g.end; });
  const auto first = outcomes_.begin() + static_cast<std::ptrdiff_t>(group->begin);
  const auto last = outcomes_.begin() + static_cast<std::ptrdiff_t>(index);
  return std::any_of(first, last, [](const Outcome& o) { return o.state == State::refused; });
}

void ExceptionAttempt::abandon_unsent() {
  next_ = outcomes_.size();
}

const Record* ExceptionAttempt::record_of(const Delivery& delivery) const {
  return slot_of(delivery.tag) == slot_ ? &batch_.records[index_of(delivery.tag)] : nullptr;
}

ExceptionAttempt::Ending ExceptionAttempt::end_of(const Group& group,
                                                  Settlement& settlement) const {
  Ending ending;
  ending.index = group.begin;
  while (ending.index < group.end && outcomes_[ending.index].state == State::delivered) {
    settlement.delivered.push_back(outcomes_[ending.index].receipt);
    ++ending.index;
  }
  ending.all_delivered = ending.index == group.end;
  if (!ending.all_delivered && outcomes_[ending.index].state == State::refused) {
    ending.refused = &outcomes_[ending.index].error;
  }
  return ending;
}

// Of a range behind a delivered head: the first seq that still waits.
std::int64_t ExceptionAttempt::first_waiting(const Group& group, const Ending& ending,
                                             const HeldRange& range) const {
  if (!ending.all_delivered) {
    return batch_.records[ending.index].seq + (ending.refused != nullptr ? 1 : 0);
  }
  if (group.complete) {
    return range.until_seq + 1;
  }
  return group.end > group.begin ? batch_.records[group.end - 1].seq + 1 : range.from_seq;
}

void ExceptionAttempt::finish(Settlement& settlement, ChangedKeys& changed, KeyGate& gate,
                              RetryPolicy& policy, Clock::time_point now,
                              Clock::time_point retry_at) {
  static const Error kGone{ErrorCode::not_found,
                           "the message's row is no longer in the outbox table: restore the row"};
  for (std::size_t i = 0; i < ranges_.size(); ++i) {
    const HeldRange& range = ranges_[i];
    const Group& group = groups_[i];
    const Ending ending = end_of(group, settlement);
    const int attempts = gate.attempts(range.key);  // 0: the range waits behind no head
    std::int64_t failed_seq = range.from_seq;
    const Error* failure = ending.refused;

    if (attempts == 0) {
      gate.waiting_delivered_before(range.key, first_waiting(group, ending, range),
                                    ending.all_delivered ? now : retry_at);
      changed.insert_or_assign(range.key, range.shard);
      failed_seq = failure != nullptr ? batch_.records[ending.index].seq : 0;
    } else if (group.begin == group.end && group.complete) {
      failure = &kGone;
    } else if (ending.all_delivered && group.begin != group.end) {
      settlement.resolved.push_back(range.from_seq);
      gate.head_delivered(range.key, now);
    } else if (failure == nullptr) {
      gate.postpone(range.key, retry_at);
    }

    if (failure != nullptr) {
      FailedHead head{failed_seq,
                      range.shard,
                      range.key,
                      attempts + 1,
                      policy.next_delay(attempts + 1, *failure),
                      failure->message};
      gate.block(head, now);
      settlement.failed.push_back(std::move(head));
    }
  }
}

}  // namespace outbox
