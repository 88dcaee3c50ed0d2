// What must be undone however a coroutine ends: by an exception too, which nobody sees.
#pragma once

#include <utility>

namespace outbox::http::detail {

template <class Action>
class ScopeExit {
 public:
  explicit ScopeExit(Action action) : action_(std::move(action)) {}
  ~ScopeExit() { action_(); }
  ScopeExit(const ScopeExit&) = delete;
  ScopeExit& operator=(const ScopeExit&) = delete;

 private:
  Action action_;
};

// One more in the counter, for as long as it lives. The counter must outlive it.
template <class Counter>
class Counted {
 public:
  explicit Counted(Counter& counter) : counter_(counter) { ++counter_; }
  ~Counted() { --counter_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  Counter& counter_;
};

}  // namespace outbox::http::detail
