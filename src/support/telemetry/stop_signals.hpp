// Turns SIGTERM, SIGINT and SIGHUP into a stop request and a callback.
#pragma once

#include <functional>
#include <stop_token>
#include <thread>

namespace outbox::telemetry {

// Make it first thing in main: it blocks the three signals for this thread and all that start
// later, and receives them on a thread of its own. One at a time.
//
// SIGTERM or SIGINT requests a stop; a second one ends the process at once with 128 + its number.
// SIGHUP calls `on_hangup` on that thread.
class StopSignals {
 public:
  explicit StopSignals(std::function<void()> on_hangup = {});
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  [[nodiscard]] std::stop_token token() const noexcept { return stop_.get_token(); }
  // As if SIGTERM had come. Thread-safe.
  void request_stop() noexcept { stop_.request_stop(); }

 private:
  void receive(const std::stop_token& closing);

  std::function<void()> on_hangup_;
  std::stop_source stop_;
  std::jthread receiver_;  // last: joined before the rest goes
};

}  // namespace outbox::telemetry
