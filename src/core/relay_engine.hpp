#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/delivery_window.hpp"
#include "core/exception_attempt.hpp"
#include "core/exponential_backoff.hpp"
#include "core/key_gate.hpp"
#include "core/relay_observer.hpp"
#include "outbox/clock.hpp"
#include "outbox/retry_policy.hpp"
#include "outbox/sink.hpp"
#include "outbox/source.hpp"

namespace outbox {

struct EngineOptions {
  std::size_t max_batches = 4;             // read and not yet settled
  std::size_t max_blocked_keys = 100'000;  // no batch is read while so many keys are blocked
  std::size_t attempts_at_once = 64;       // blocked keys in one attempt
  std::size_t waiting_at_once = 256;       // messages of one key in one attempt
  // How old a position without new messages may get before it is stored.
  std::chrono::milliseconds idle_store_interval{5'000};
  BackoffOptions destination_backoff{std::chrono::milliseconds{100},
                                     std::chrono::milliseconds{10'000}};
  std::uint64_t seed = 0;  // of the destination's backoff
};

// The relay's decisions, without threads and waits: which record is sent when, what a delivery
// means, what may be marked. Batches go in, settlements come out. One thread; every method returns
// at once.
//
// A message at fault blocks its key (KeyGate) and the rest goes on. A destination at fault stops
// all sending until everything in flight has come back, then, after a pause, sends again what was
// not delivered, oldest first: so no message overtakes an earlier one of its key.
class RelayEngine {
 public:
  using time_point = Clock::time_point;

  RelayEngine(EngineOptions options, Sink& sink, RetryPolicy& policy, const Clock& clock,
              RelayObserver& observer);

  // Forgets everything of an earlier connection of the source.
  void restart(const Exceptions& exceptions);

  [[nodiscard]] bool wants_batch() const;
  void add(Batch batch);

  // What of the exceptions is due and to be read with Source::claim_exceptions; empty when nothing
  // is, or while an attempt is under way. The answer goes to add_exceptions.
  [[nodiscard]] std::vector<HeldRange> due_exceptions();
  void add_exceptions(std::vector<HeldRange> ranges, Batch batch);

  void take(std::span<const Delivery> deliveries);
  // Between two calls, the deliveries that are there are to be taken.
  void send();

  // What can be settled now; nothing when there is no news to store yet.
  [[nodiscard]] std::optional<Settlement> next_settlement();

  // When something is due without news from outside; time_point::max(): never.
  [[nodiscard]] time_point next_wakeup() const;
  // Batches that are not settled.
  [[nodiscard]] bool idle() const { return window_.batches() == 0 && !attempt_; }
  [[nodiscard]] std::size_t in_flight() const;
  [[nodiscard]] std::size_t blocked_keys() const { return gate_.size(); }
  [[nodiscard]] const EngineOptions& options() const { return options_; }

 private:
  void take_one(const Delivery& delivery);
  void take_attempted(const Delivery& delivery, bool rejected);
  void refuse(WindowBatch& batch, std::size_t index, const Error& error);
  void pause_destination(const Error& error);
  [[nodiscard]] bool may_send();
  void collect_front(Settlement& settlement, ChangedKeys& changed);
  void collect_attempt(Settlement& settlement, ChangedKeys& changed);

  EngineOptions options_;
  Sink& sink_;
  RetryPolicy& policy_;
  const Clock& clock_;
  RelayObserver& observer_;
  ExponentialBackoff destination_backoff_;

  KeyGate gate_;
  DeliveryWindow window_;
  std::optional<ExceptionAttempt> attempt_;
  // Never repeats, so that a delivery for an earlier connection is recognised.
  std::uint64_t next_slot_ = 1;

  bool paused_ = false;  // the destination has failed something
  time_point resume_at_;
  int destination_failures_ = 0;  // in a row

  std::uint64_t done_through_ = 0;     // batches whose outcome is known
  std::uint64_t settled_through_ = 0;  // … and stored
  time_point last_settlement_;
};

}  // namespace outbox
