#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "core/limited_sink.hpp"
#include "core/poison_policy.hpp"
#include "core/topic_pauses.hpp"
#include "outbox/clock.hpp"
#include "outbox/retry_policy.hpp"
#include "outbox/sink.hpp"
#include "outbox/source.hpp"

namespace outbox {

// By what the end of an attempt is decided.
struct AttemptTerms {
  const PoisonPolicy& poison;
  RetryPolicy& retry;
  const TopicPauses& topics;
  Clock::time_point now;
  Clock::time_point retry_at;  // of what the destination kept from being delivered
};

// One more attempt on messages that were passed by the position: sends them group by group and
// keeps what became of each. Within a group, nothing is sent after a message that was refused. One
// thread.
class Attempt {
 public:
  // refused: the message is at fault. paused: its topic takes nothing.
  enum class State : std::uint8_t { unsent, in_flight, delivered, refused, paused };
  struct Outcome {
    State state = State::unsent;
    Receipt receipt;
    Error error;
  };
  struct Group {  // records [begin, end)
    std::size_t begin = 0;
    std::size_t end = 0;
  };

  Attempt(std::uint64_t slot, Batch batch);

  // Sets the groups, which cover the records in order. Once, before anything is sent.
  void divide(std::vector<Group> groups) { groups_ = std::move(groups); }

  // False: the sink takes no more for now. `refused` is told of what the sink refuses at once.
  using Refused = std::function<void(const Record&, const Error&)>;
  [[nodiscard]] bool send(LimitedSink& sink, const TopicPauses& topics, Clock::time_point now,
                          const Refused& refused);
  // Precondition: record_of(delivery). destination_unavailable also keeps the records that were not
  // sent yet from being sent, unless it only follows from a refused record of the key.
  void take(const Delivery& delivery);
  void abandon_unsent() { next_ = outcomes_.size(); }
  // An earlier record of the same key was refused.
  [[nodiscard]] bool follows_refused(std::size_t index) const;

  [[nodiscard]] std::size_t in_flight() const { return in_flight_; }
  [[nodiscard]] bool done() const { return in_flight_ == 0 && next_ == outcomes_.size(); }
  // Null when the delivery is not one of this attempt.
  [[nodiscard]] const Record* record_of(const Delivery& delivery) const;
  [[nodiscard]] const Batch& batch() const { return batch_; }
  [[nodiscard]] const std::vector<Group>& groups() const { return groups_; }
  [[nodiscard]] const Outcome& outcome(std::size_t index) const { return outcomes_[index]; }

 private:
  [[nodiscard]] std::size_t group_end(std::size_t index) const;
  void refuse(std::size_t index, const Error& error);

  std::uint64_t slot_;
  Batch batch_;
  std::vector<Outcome> outcomes_;  // one for each record
  std::vector<Group> groups_;
  std::size_t next_ = 0;
  std::size_t in_flight_ = 0;
};

}  // namespace outbox
