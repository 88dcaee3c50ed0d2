// Watches which relays renew their leases.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace outbox {

// Of each relay a counter that it raises while it is alive; whoever sees it change, by a clock of
// his own, knows how it is. Thread-safe.
class Renewals {
 public:
  using Clock = std::chrono::steady_clock;
  using Counters = std::map<std::string, std::int64_t, std::less<>>;  // by the relay's name

  // Between looks that are further apart than this, nobody knows when a change was.
  static constexpr std::chrono::seconds kGap{5};

  void look(const Counters& counters, Clock::time_point now = Clock::now());

  // How long ago the last change was seen; of one that has not changed for a whole lease, at least
  // for how long it has been watched. Nothing: it has not been watched for long enough, or nobody
  // looks at the moment.
  [[nodiscard]] std::optional<Clock::duration> since_last(
      std::string_view relay, Clock::duration lease, Clock::time_point now = Clock::now()) const;

 private:
  struct Seen {
    std::int64_t counter = 0;
    Clock::time_point changed;
    bool watched = false;  // changed is no longer than kGap from the truth
  };

  mutable std::mutex mutex_;
  std::optional<Clock::time_point> looked_;
  std::map<std::string, Seen, std::less<>> relays_;  // those of the last look
};

}  // namespace outbox
