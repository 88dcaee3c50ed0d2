#include "core/due_attempt.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace outbox {
namespace {

// Those of a topic that operators hold are looked at again after so long: there may be many. Who
// lets go of the topic makes them due.
constexpr std::chrono::seconds kWhileHeld{10};

}  // namespace

DueAttempt::DueAttempt(std::uint64_t slot, Batch batch) : attempt_(slot, std::move(batch)) {
  std::vector<Attempt::Group> groups;
  for (std::size_t i = 0; i < attempt_.batch().records.size(); ++i) {
    groups.push_back({i, i + 1});
  }
  attempt_.divide(std::move(groups));
}

void DueAttempt::finish(Settlement& settlement, const AttemptTerms& terms) const {
  for (std::size_t i = 0; i < attempt_.groups().size(); ++i) {
    const Record& record = attempt_.batch().records[i];
    const Attempt::Outcome& outcome = attempt_.outcome(i);
    if (outcome.state == Attempt::State::delivered) {
      settlement.delivered.push_back(outcome.receipt);
      settlement.resolved.push_back(record.seq);
      continue;
    }
    if (outcome.state == Attempt::State::unsent) {
      continue;
    }
    DetachedMessage message{record.seq, record.shard, std::string{record.key}, record.attempts};
    message.error = outcome.error.message;
    if (outcome.state == Attempt::State::paused) {
      const Clock::time_point end = terms.topics.end(record, terms.now);
      message.due_in = end == Clock::time_point::max()
                           ? kWhileHeld
                           : std::chrono::ceil<std::chrono::milliseconds>(end - terms.now);
    } else {
      ++message.attempts;
      message.dead = terms.poison.gives_up(message.attempts);
      message.due_in = terms.retry.next_delay(message.attempts, outcome.error);
    }
    settlement.detached.push_back(std::move(message));
  }
}

}  // namespace outbox
