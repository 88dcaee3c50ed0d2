// Waits for what other threads or servers do.
#pragma once

#include <chrono>
#include <thread>
#include <utility>

namespace outbox::test {

// Asks every 5 ms until the predicate is true; false after `timeout`. A failing test waits for it,
// a passing one does not: so the usual one is long, for machines under load.
template <class Predicate>
[[nodiscard]] bool eventually(Predicate&& predicate,
                              std::chrono::milliseconds timeout = std::chrono::seconds{60}) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!std::forward<Predicate>(predicate)()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return true;
}

}  // namespace outbox::test
