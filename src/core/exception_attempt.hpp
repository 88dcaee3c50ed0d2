#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/delivery_window.hpp"
#include "core/key_gate.hpp"
#include "core/relay_observer.hpp"
#include "outbox/retry_policy.hpp"
#include "outbox/sink.hpp"
#include "outbox/source.hpp"

namespace outbox {

// Keys, with their shards, whose waiting range a settlement has to store.
using ChangedKeys = std::map<std::string, std::uint8_t>;

// One attempt on messages that were left failed or held: of each key its head, or the next messages
// that wait behind a delivered one. Within a key, nothing is sent after a message that the sink has
// refused. One thread.
class ExceptionAttempt {
 public:
  // `batch` holds what the source found of `ranges`, at most `limit_per_range` of each.
  ExceptionAttempt(std::uint64_t slot, std::vector<HeldRange> ranges, Batch batch,
                   std::size_t limit_per_range);

  // False: the sink takes no more for now.
  [[nodiscard]] bool send(Sink& sink, RelayObserver& observer);
  // Precondition: record_of(delivery). destination_unavailable also keeps the records that were not
  // sent yet from being sent, unless it only follows from a refused record of the key.
  void take(const Delivery& delivery);
  void abandon_unsent();
  // An earlier record of the same key was refused.
  [[nodiscard]] bool follows_refused(std::size_t index) const;

  [[nodiscard]] std::size_t in_flight() const { return in_flight_; }
  [[nodiscard]] bool done() const { return in_flight_ == 0 && next_ == outcomes_.size(); }
  // Null when the delivery is not one of this attempt.
  [[nodiscard]] const Record* record_of(const Delivery& delivery) const;
  [[nodiscard]] const std::vector<HeldRange>& ranges() const { return ranges_; }

  // Precondition: done(). Writes the outcomes to `settlement` and moves the keys on in `gate`. What
  // the destination kept from being delivered is due again at `retry_at`.
  void finish(Settlement& settlement, ChangedKeys& changed, KeyGate& gate, RetryPolicy& policy,
              Clock::time_point now, Clock::time_point retry_at);

 private:
  enum class State : std::uint8_t { unsent, in_flight, delivered, refused };
  struct Outcome {
    State state = State::unsent;
    Receipt receipt;
    Error error;
  };
  struct Group {  // the records of one range: [begin, end)
    std::size_t begin = 0;
    std::size_t end = 0;
    bool complete = true;  // everything that the range held when it was read
  };
  struct Ending {                    // what became of a group
    std::size_t index = 0;           // the first record that was not delivered; end when all were
    const Error* refused = nullptr;  // why, when the message was at fault
    bool all_delivered = false;
  };

  void divide(std::size_t limit_per_range);
  [[nodiscard]] std::size_t group_end(std::size_t index) const;
  [[nodiscard]] Ending end_of(const Group& group, Settlement& settlement) const;
  [[nodiscard]] std::int64_t first_waiting(const Group& group, const Ending& ending,
                                           const HeldRange& range) const;

  std::uint64_t slot_;
  std::vector<HeldRange> ranges_;
  Batch batch_;
  std::vector<Outcome> outcomes_;  // one for each record
  std::vector<Group> groups_;      // one for each range
  std::size_t next_ = 0;
  std::size_t in_flight_ = 0;
};

}  // namespace outbox
