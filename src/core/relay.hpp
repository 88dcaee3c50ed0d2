#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <stop_token>

#include "core/batch_reader.hpp"
#include "core/exponential_backoff.hpp"
#include "core/relay_engine.hpp"
#include "core/relay_observer.hpp"
#include "core/relay_session.hpp"
#include "core/relay_transaction.hpp"
#include "outbox/clock.hpp"
#include "outbox/result.hpp"
#include "outbox/retry_policy.hpp"
#include "outbox/sink.hpp"
#include "outbox/source.hpp"
#include "outbox/transaction.hpp"

namespace outbox {

struct RelayOptions {
  std::size_t batch_limit = 5'000;  // records read at once
  // After a stop: how long to go on delivering what is under way, before it is left to the next
  // run.
  std::chrono::milliseconds drain_timeout{10'000};
  // Between attempts to connect to the source.
  BackoffOptions reconnect{std::chrono::milliseconds{100}, std::chrono::milliseconds{10'000}};
  // How long to wait while other relays own everything.
  std::chrono::milliseconds standby_interval{250};
  EngineOptions engine;
  TransactionOptions transaction;
};

// A source and a sink that send in transactions: the same ones as the relay's.
struct TransactionPair {
  TransactionalSource& source;
  TransactionalSink& sink;
};

// Carries messages from a source to a sink until it is stopped: it connects and reconnects, reads
// on a BatchReader's thread, and sends and settles on the thread that calls run.
class Relay {
 public:
  // Everything is borrowed and must outlive the relay.
  Relay(RelayOptions options, Source& source, Sink& sink, RetryPolicy& policy, const Clock& clock,
        RelayObserver& observer, std::optional<TransactionPair> transactions = std::nullopt);

  // Returns after a stop was requested and what was handed to the engine is settled or the drain
  // timeout has passed; earlier only with an error that no retry can mend. Called once.
  [[nodiscard]] Result<void> run(const std::stop_token& stop);

 private:
  [[nodiscard]] Result<void> serve(const std::stop_token& stop);
  [[nodiscard]] Result<void> relay_until(const std::stop_token& stop);
  [[nodiscard]] Result<void> drain();
  void tell(const Error& error);
  void take_news(Clock::time_point wakeup);
  void pause(std::chrono::milliseconds delay, const std::stop_token& stop);

  RelayOptions options_;
  Source& source_;
  Sink& sink_;
  const Clock& clock_;
  RelayObserver& observer_;
  DeliveryQueue deliveries_;
  RelayEngine engine_;
  std::optional<RelayTransaction> transaction_;
  RelaySession session_;
  ExponentialBackoff reconnect_;
};

}  // namespace outbox
