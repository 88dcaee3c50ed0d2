#include "core/exception_attempt.hpp"

#include <algorithm>
#include <utility>

namespace outbox {
namespace {

using State = Attempt::State;

// The message was at fault once more: it is tried again, is dead with its key waiting, or is dead
// and out of the key's way.
void fail(const HeldRange& range, std::int64_t seq, int attempts, const Error& error,
          Settlement& settlement, KeyGate& gate, const AttemptTerms& terms) {
  const bool given_up = terms.poison.gives_up(attempts);
  if (given_up && terms.poison.action == PoisonAction::skip) {
    DetachedMessage dead{seq, range.shard, range.key, attempts};
    dead.error = error.message;
    dead.dead = true;
    settlement.detached.push_back(std::move(dead));
    return;
  }
  FailedHead head{
      seq,          range.shard, range.key, attempts, terms.retry.next_delay(attempts, error),
      error.message};
  head.parked = given_up;
  gate.block(head, terms.now);
  settlement.failed.push_back(std::move(head));
}

}  // namespace

ExceptionAttempt::ExceptionAttempt(std::uint64_t slot, std::vector<HeldRange> ranges, Batch batch,
                                   std::size_t limit_per_range)
    : ranges_(std::move(ranges)), attempt_(slot, std::move(batch)) {
  attempt_.divide(divide(limit_per_range));
}

// The batch has the records range after range; a range may have none.
std::vector<Attempt::Group> ExceptionAttempt::divide(std::size_t limit_per_range) {
  const std::vector<Record>& records = attempt_.batch().records;
  std::vector<Attempt::Group> groups;
  std::size_t index = 0;
  for (const HeldRange& range : ranges_) {
    const std::size_t begin = index;
    while (index < records.size() && records[index].key == range.key &&
           records[index].seq >= range.from_seq && records[index].seq <= range.until_seq) {
      ++index;
    }
    groups.push_back({begin, index});
    const bool cut_off = attempt_.batch().truncated && index == records.size();
    complete_.push_back(!cut_off && index - begin < limit_per_range);
  }
  return groups;
}

ExceptionAttempt::Ending ExceptionAttempt::end_of(std::size_t range, Settlement& settlement,
                                                  const AttemptTerms& terms) const {
  const Attempt::Group& group = attempt_.groups()[range];
  Ending ending{group.begin, nullptr, false, terms.retry_at};
  while (ending.index < group.end && attempt_.outcome(ending.index).state == State::delivered) {
    settlement.delivered.push_back(attempt_.outcome(ending.index).receipt);
    ++ending.index;
  }
  ending.all_delivered = ending.index == group.end;
  if (ending.all_delivered) {
    ending.resume_at = terms.now;
    return ending;
  }
  const Attempt::Outcome& outcome = attempt_.outcome(ending.index);
  if (outcome.state == State::refused) {
    ending.refused = &outcome.error;
    ending.resume_at = terms.now;  // unless the message becomes the head
  } else if (outcome.state == State::paused) {
    ending.resume_at = terms.topics.end(attempt_.batch().records[ending.index], terms.now);
  }
  return ending;
}

// Of a range behind a delivered head: the first seq that still waits.
std::int64_t ExceptionAttempt::first_waiting(std::size_t range, const Ending& ending) const {
  const std::vector<Record>& records = attempt_.batch().records;
  const Attempt::Group& group = attempt_.groups()[range];
  if (!ending.all_delivered) {
    return records[ending.index].seq + (ending.refused != nullptr ? 1 : 0);
  }
  if (complete_[range]) {
    return ranges_[range].until_seq + 1;
  }
  return group.end > group.begin ? records[group.end - 1].seq + 1 : ranges_[range].from_seq;
}

void ExceptionAttempt::finish(Settlement& settlement, ChangedKeys& changed, KeyGate& gate,
                              const AttemptTerms& terms) {
  for (std::size_t i = 0; i < ranges_.size(); ++i) {
    finish_range(i, settlement, changed, gate, terms);
  }
}

void ExceptionAttempt::finish_range(std::size_t index, Settlement& settlement, ChangedKeys& changed,
                                    KeyGate& gate, const AttemptTerms& terms) {
  static const Error kGone{ErrorCode::not_found,
                           "the message's row is no longer in the outbox table: restore the row"};
  const HeldRange& range = ranges_[index];
  const Attempt::Group& group = attempt_.groups()[index];
  const Ending ending = end_of(index, settlement, terms);
  const std::optional<int> attempts = gate.attempts(range.key);
  if (!attempts) {  // the range waits behind no head
    gate.waiting_done_before(range.key, first_waiting(index, ending), ending.resume_at);
    changed.insert_or_assign(range.key, range.shard);
    if (ending.refused != nullptr) {
      fail(range, attempt_.batch().records[ending.index].seq, 1, *ending.refused, settlement, gate,
           terms);
    }
    return;
  }
  const bool gone = group.begin == group.end && complete_[index];
  if (gone || ending.refused != nullptr) {
    gate.head_done(range.key, terms.now);
    fail(range, range.from_seq, *attempts + 1, gone ? kGone : *ending.refused, settlement, gate,
         terms);
  } else if (ending.all_delivered && group.begin != group.end) {
    settlement.resolved.push_back(range.from_seq);
    gate.head_done(range.key, terms.now);
  } else {
    gate.postpone(range.key, ending.all_delivered ? terms.retry_at : ending.resume_at);
  }
}

}  // namespace outbox
