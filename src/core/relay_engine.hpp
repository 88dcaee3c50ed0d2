#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/delivery_window.hpp"
#include "core/due_attempt.hpp"
#include "core/exception_attempt.hpp"
#include "core/exponential_backoff.hpp"
#include "core/key_gate.hpp"
#include "core/limited_sink.hpp"
#include "core/poison_policy.hpp"
#include "core/relay_observer.hpp"
#include "core/topic_pauses.hpp"
#include "outbox/clock.hpp"
#include "outbox/retry_policy.hpp"
#include "outbox/sink.hpp"
#include "outbox/source.hpp"

namespace outbox {

struct EngineOptions {
  // Read and not yet settled. Where messages come one at a time, each is a batch.
  std::size_t max_batches = 64;
  // No batch is read while there are more messages or bytes in those.
  std::size_t enough_messages = 12'000;
  std::size_t enough_bytes = std::size_t{9} << 19U;
  std::size_t max_blocked_keys = 100'000;  // no batch is read while so many keys are blocked
  std::size_t attempts_at_once = 64;       // blocked keys in one attempt
  std::size_t waiting_at_once = 256;       // messages of one key in one attempt
  std::size_t due_at_once = 256;           // messages that hold no key, in one attempt
  // How often to look for messages that have become due.
  std::chrono::milliseconds due_interval{250};
  PoisonPolicy poison;
  double messages_per_second = 0;  // sent at most; 0: no limit
  // Deliveries are stored together that often at most, sooner when the window is full. 0: at once.
  std::chrono::milliseconds settle_interval{0};
  // How old a position without new messages may get before it is stored.
  std::chrono::milliseconds idle_store_interval{5'000};
  BackoffOptions destination_backoff{std::chrono::milliseconds{100},
                                     std::chrono::milliseconds{10'000}};
  // Of a topic that is unknown or forbidden.
  BackoffOptions topic_backoff{std::chrono::milliseconds{500}, std::chrono::milliseconds{30'000}};
  std::uint64_t seed = 0;  // of the backoffs
};

// The relay's decisions, without threads and waits: which record is sent when, what a delivery
// means, what may be marked. Batches go in, settlements come out. One thread; every method returns
// at once.
//
// A message at fault blocks its key (KeyGate) and the rest goes on. A destination at fault stops
// all sending until everything in flight has come back, then, after a pause, sends again what was
// not delivered, oldest first: so no message overtakes an earlier one of its key. One that has just
// refused a message is there, and is not paused for.
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

  // Whether it is time for Source::claim_due. The answer goes to add_due.
  [[nodiscard]] bool wants_due() const;
  void add_due(Batch batch);

  // To which topics operators let nothing go from now on; null: there is none. What is held is
  // neither tried nor counted as failed, and goes as soon as they let go of it.
  void hold_topics(std::shared_ptr<const TopicNames> topics);

  void take(std::span<const Delivery> deliveries);
  // Between two calls, the deliveries that are there are to be taken.
  void send();
  // Nothing more comes for now, so what was sent need not wait for company.
  void hurry() { sink_.hurry(); }

  // What of the attempts under way was not sent yet is left to the next ones, so that the rest of
  // them can be settled.
  void cut_attempts_short();

  // What can be settled now; nothing when there is no news to store yet.
  [[nodiscard]] std::optional<Settlement> next_settlement();

  // When something is due without news from outside; time_point::max(): never.
  [[nodiscard]] time_point next_wakeup() const;
  // Batches that are not settled.
  [[nodiscard]] bool idle() const { return window_.batches() == 0 && !attempt_ && !due_; }
  // The same of what was sent: the rest of what was read could only be sent.
  [[nodiscard]] bool quiet() const {
    return window_.in_flight() == 0 && !window_.front_done() && !attempt_ && !due_;
  }
  [[nodiscard]] std::size_t in_flight() const;
  [[nodiscard]] std::size_t blocked_keys() const { return gate_.size(); }
  [[nodiscard]] const EngineOptions& options() const { return options_; }

 private:
  void take_one(const Delivery& delivery);
  void take_in_window(WindowBatch& batch, const Record& record, const Delivery& delivery);
  void take_attempted(Attempt& attempt, const Delivery& delivery);
  [[nodiscard]] Attempt* attempt_of(const Delivery& delivery);
  void note_refusal(const Record& record, std::string_view topic, const Error& error);
  void refuse(WindowBatch& batch, std::size_t index, const Error& error);
  void pause_destination(const Error& error);
  [[nodiscard]] bool may_send();
  [[nodiscard]] bool send_attempts();
  [[nodiscard]] bool has_to_settle() const;
  void collect_front(Settlement& settlement, ChangedKeys& changed);
  void settle_failed(FailedHead head, Settlement& settlement);
  void collect_attempt(Settlement& settlement, ChangedKeys& changed);
  void collect_due(Settlement& settlement);
  [[nodiscard]] AttemptTerms attempt_terms();

  EngineOptions options_;
  LimitedSink sink_;
  RetryPolicy& policy_;
  const Clock& clock_;
  RelayObserver& observer_;
  ExponentialBackoff destination_backoff_;

  KeyGate gate_;
  DeliveryWindow window_;
  TopicPauses topics_;
  std::optional<ExceptionAttempt> attempt_;
  std::optional<DueAttempt> due_;
  time_point next_due_look_;
  // Never repeats, so that a delivery for an earlier connection is recognised.
  std::uint64_t next_slot_ = 1;

  bool behind_ = false;   // the source was, by its newest batch
  bool paused_ = false;   // the destination has failed something
  bool refused_ = false;  // it has refused something since it last failed
  time_point resume_at_;
  int destination_failures_ = 0;  // in a row

  std::uint64_t done_through_ = 0;     // batches whose outcome is known
  std::uint64_t settled_through_ = 0;  // … and stored
  time_point last_settlement_;
};

}  // namespace outbox
