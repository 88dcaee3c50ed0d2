#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/exponential_backoff.hpp"
#include "outbox/clock.hpp"
#include "outbox/result.hpp"
#include "outbox/sink.hpp"
#include "outbox/source.hpp"

namespace outbox {

// What may not be sent for now for its topic's sake; the rest goes on.
//
// An aggregate type whose topic takes nothing, as it is unknown or forbidden, pauses with a backoff
// of its own, and so does a topic that messages name themselves, as replayed ones do: neither says
// anything of the other. A topic that operators hold, by its name, waits until they let go of it:
// nothing of it counts as failed. At most as many pauses as there are aggregate types and topics
// that are named. One thread.
class TopicPauses {
 public:
  using time_point = Clock::time_point;

  // `sink` is asked for topics; it is borrowed.
  TopicPauses(BackoffOptions options, std::uint64_t seed, Sink& sink)
      : backoff_(options, seed), sink_(sink) {}

  // What operators hold from now on; null: nothing. True: that is something else than before.
  bool hold(std::shared_ptr<const TopicNames> topics);
  [[nodiscard]] bool is_held(const Record& record) const;

  // The message was refused for its topic's sake. True: it is the first since the last such pause
  // has ended, so a new one begins.
  bool failed(const Record& record, const Error& error, time_point now);
  void delivered(const Record& record);
  // Of those that failed.
  void clear();

  // Why the message may not be sent now; null: it may.
  [[nodiscard]] const Error* reason(const Record& record, time_point now) const;
  // `now` for a message that may be sent, time_point::max() while operators hold its topic.
  [[nodiscard]] time_point end(const Record& record, time_point now) const;

 private:
  struct Pause {
    int failures = 0;  // in a row
    time_point until;
    Error error;
  };
  using Pauses = std::map<std::string, Pause, std::less<>>;

  [[nodiscard]] const Pause* find(const Record& record) const;

  ExponentialBackoff backoff_;
  Sink& sink_;
  std::shared_ptr<const TopicNames> held_;  // null: nothing is
  Pauses of_types_;
  Pauses of_topics_;  // that messages name
};

}  // namespace outbox
