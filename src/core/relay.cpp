#include "core/relay.hpp"

#include <algorithm>
#include <utility>

namespace outbox {
namespace {

using std::chrono::milliseconds;

// No wait is longer, so that a change of the source's standing is noticed.
constexpr milliseconds kLongestWait{250};

bool is_permanent(const Error& error) {
  return error.code == ErrorCode::wrong_history || error.code == ErrorCode::invalid_argument ||
         error.code == ErrorCode::not_found;
}

milliseconds until(Clock::time_point when, Clock::time_point now) {
  if (when <= now) {
    return milliseconds{0};
  }
  if (when - now >= kLongestWait) {  // also where the difference would overflow
    return kLongestWait;
  }
  return std::chrono::ceil<milliseconds>(when - now);
}

// A transaction settles many batches at once, and its end is not to wait for more.
EngineOptions engine_options(EngineOptions options, bool in_transactions) {
  if (in_transactions) {
    options.settle_interval = milliseconds{0};
  }
  return options;
}

}  // namespace

Relay::Relay(RelayOptions options, Source& source, Sink& sink, RetryPolicy& policy,
             const Clock& clock, RelayObserver& observer,
             std::optional<TransactionPair> transactions)
    : options_(options),
      source_(source),
      sink_(sink),
      clock_(clock),
      observer_(observer),
      engine_(engine_options(options.engine, transactions.has_value()), sink, policy, clock,
              observer),
      transaction_(transactions ? std::optional<RelayTransaction>(
                                      std::in_place, transactions->source, source,
                                      transactions->sink, clock, observer, options.transaction)
                                : std::nullopt),
      session_(source, engine_, clock, observer, transaction_ ? &*transaction_ : nullptr),
      reconnect_(options.reconnect, options.engine.seed) {}

Result<void> Relay::run(const std::stop_token& stop) {
  const std::stop_callback wake{stop, [this] { deliveries_.wake(); }};
  if (Result<void> connected = sink_.connect(deliveries_); !connected) {
    return connected;
  }
  Result<void> result;
  int failures = 0;
  while (!stop.stop_requested()) {
    const Clock::time_point began = clock_.now();
    result = serve(stop);
    session_.end();
    source_.close();
    if (result) {
      continue;  // stopped, or to be connected again at once
    }
    if (is_permanent(result.error())) {
      break;
    }
    tell(result.error());
    // A connection that has served for a while was a good one.
    failures = clock_.now() - began > options_.reconnect.max ? 1 : failures + 1;
    pause(result.error().code == ErrorCode::conflict
              ? options_.standby_interval
              : reconnect_.next_delay(failures, result.error()),
          stop);
    result = {};
  }
  sink_.close();  // before others may go on: nothing of this relay's follows theirs
  source_.leave();
  return result;
}

Result<void> Relay::serve(const std::stop_token& stop) {
  Result<Exceptions> exceptions = source_.connect();
  if (!exceptions) {
    return std::move(exceptions).error();
  }
  if (Result<void> begun = session_.begin(*exceptions); !begun) {
    return begun;
  }
  observer_.source_connected(*exceptions);
  if (Result<void> relayed = relay_until(stop); !relayed) {
    return relayed;
  }
  return drain();
}

Result<void> Relay::relay_until(const std::stop_token& stop) {
  BatchReader reader{source_, options_.batch_limit, deliveries_};
  while (!stop.stop_requested()) {
    take_news(session_.next_wakeup());
    const Result<bool> goes_on = session_.turn(reader);
    if (!goes_on) {
      return goes_on.error();
    }
    if (!*goes_on) {
      break;
    }
  }
  return {};
}

Result<void> Relay::drain() {
  const Clock::time_point deadline = clock_.now() + options_.drain_timeout;
  while (!session_.drained() && clock_.now() < deadline) {
    take_news(std::min(session_.next_wakeup(), deadline));
    if (Result<void> done = session_.drain_turn(); !done) {
      return done;
    }
  }
  return {};
}

// With transactions a failed destination ends a connection as well.
void Relay::tell(const Error& error) {
  if (error.code == ErrorCode::destination_unavailable) {
    observer_.destination_failed(error);
  } else {
    observer_.source_lost(error);
  }
}

// Waits for deliveries or batches, at most until `wakeup`.
void Relay::take_news(Clock::time_point wakeup) {
  engine_.take(deliveries_.wait(session_.busy() ? milliseconds{0} : until(wakeup, clock_.now())));
}

void Relay::pause(milliseconds delay, const std::stop_token& stop) {
  const Clock::time_point end = clock_.now() + delay;
  while (!stop.stop_requested() && clock_.now() < end) {
    // What arrives now belongs to the connection that was lost.
    static_cast<void>(deliveries_.wait(until(end, clock_.now())));
  }
}

}  // namespace outbox
