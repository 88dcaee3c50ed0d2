#include "support/telemetry/stop_signals.hpp"

#include <cerrno>
#include <csignal>
#include <ctime>
#include <pthread.h>
#include <unistd.h>
#include <utility>

namespace outbox::telemetry {
namespace {

sigset_t handled() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR2}) {
    sigaddset(&set, signal);
  }
  return set;
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
  const sigset_t set = handled();
  while (!closing.stop_requested()) {
    int signal = 0;
    if (sigwait(&set, &signal) != 0 || signal == SIGUSR2) continue;
    if (signal == SIGHUP) {
      if (on_hangup_) on_hangup_();
    } else if (!stop_.request_stop()) {
      _exit(128 + signal);
    }
  }
}

}  // namespace outbox::telemetry
