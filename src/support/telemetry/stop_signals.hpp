// Turns SIGTERM, SIGINT and SIGHUP into a stop request and a callback.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <stop_token>
#include <thread>

namespace outbox::telemetry {

// Make it first thing in main: it blocks the three signals for this thread and all that start
// later, and receives them on a thread of its own. One at a time.
//
// SIGTERM or SIGINT requests a stop; a second one ends the process at once with 128 + its number.
// SIGHUP calls `on_hangup` on that thread. A program that is still busy with its stop when
// `end_within` has passed, because a server keeps it waiting, ends there with status 0 and a
// warning: each of ours may be killed at any moment and loses nothing by it.
class StopSignals {
 public:
  explicit StopSignals(std::function<void()> on_hangup = {});
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  [[nodiscard]] std::stop_token token() const noexcept { return stop_.get_token(); }
  // How long after a signal the process may still run; no limit before it is called. Thread-safe.
  void end_within(std::chrono::milliseconds limit) noexcept { limit_ = limit; }
  // As if SIGTERM had come, without a limit. Thread-safe.
  void request_stop() noexcept { stop_.request_stop(); }

 private:
  void receive(const std::stop_token& closing);

  std::function<void()> on_hangup_;
  std::stop_source stop_;
  std::atomic<std::chrono::milliseconds> limit_{std::chrono::milliseconds{0}};
  std::jthread receiver_;  // last: joined before the rest goes
};

}  // namespace outbox::telemetry
