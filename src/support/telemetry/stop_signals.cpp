#include "support/telemetry/stop_signals.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <pthread.h>
#include <unistd.h>
#include <utility>

#include "support/telemetry/log.hpp"

namespace outbox::telemetry {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr int kNone = -1;

sigset_t handled() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR2}) {
    sigaddset(&set, signal);
  }
  return set;
}

// The next signal; kNone when none has come until then.
int next_signal(std::optional<Clock::time_point> until) {
  const sigset_t set = handled();
  int signal = kNone;
  if (!until) return sigwait(&set, &signal) == 0 ? signal : kNone;
  const auto left = std::max(*until - Clock::now(), Clock::duration{0});
  const auto whole = std::chrono::floor<std::chrono::seconds>(left);
  const timespec wait{whole.count(), std::chrono::nanoseconds(left - whole).count()};
  return sigtimedwait(&set, nullptr, &wait);
}

}  // namespace

StopSignals::StopSignals(std::function<void()> on_hangup) : on_hangup_(std::move(on_hangup)) {
  const sigset_t set = handled();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  receiver_ = std::jthread([this](const std::stop_token& closing) { receive(closing); });
}

StopSignals::~StopSignals() {
  receiver_.request_stop();
  // Sent to that thread alone, it ends the wait.
  pthread_kill(receiver_.native_handle(), SIGUSR2);
}

void StopSignals::receive(const std::stop_token& closing) {
  std::optional<Clock::time_point> end;
  while (!closing.stop_requested()) {
    const int signal = next_signal(end);
    if (signal == SIGHUP && on_hangup_) on_hangup_();
    if (signal == SIGTERM || signal == SIGINT) {
      if (!stop_.request_stop()) _exit(128 + signal);
      if (const milliseconds limit = limit_; limit.count() > 0) end = Clock::now() + limit;
    }
    if (end && Clock::now() >= *end) {
      log::warn("ended before the stop was complete: a server has kept the program waiting",
                {{"waited_ms", limit_.load().count()}});
      _exit(EXIT_SUCCESS);
    }
  }
}

}  // namespace outbox::telemetry
