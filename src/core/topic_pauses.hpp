#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "core/exponential_backoff.hpp"
#include "outbox/clock.hpp"
#include "outbox/result.hpp"

namespace outbox {

// The aggregate types whose topic takes nothing for now: it is unknown, or forbidden. Each pauses
// with a backoff of its own; the others go on. At most as many as there are aggregate types. One
// thread.
class TopicPauses {
 public:
  using time_point = Clock::time_point;

  TopicPauses(BackoffOptions options, std::uint64_t seed) : backoff_(options, seed) {}

  // A message of this type was refused for its topic's sake. True: it is the first since the last
  // pause has ended, so a new one begins.
  bool failed(std::string_view aggregate_type, const Error& error, time_point now);
  void delivered(std::string_view aggregate_type);
  void clear() { pauses_.clear(); }

  // Why nothing of this type may be sent now; null: it may.
  [[nodiscard]] const Error* reason(std::string_view aggregate_type, time_point now) const;
  // `now` for a type that is not paused.
  [[nodiscard]] time_point end(std::string_view aggregate_type, time_point now) const;

 private:
  struct Pause {
    int failures = 0;  // in a row
    time_point until;
    Error error;
  };

  ExponentialBackoff backoff_;
  std::map<std::string, Pause, std::less<>> pauses_;
};

}  // namespace outbox
