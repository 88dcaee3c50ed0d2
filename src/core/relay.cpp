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

Error lease_lost() {
  return {ErrorCode::not_owner,
          "this relay's lease has run out, so another one may have taken over; nothing more is sent "
          "before it is renewed"};
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

}  // namespace

Relay::Relay(RelayOptions options, Source& source, Sink& sink, RetryPolicy& policy,
             const Clock& clock, RelayObserver& observer)
    : options_(options),
      source_(source),
      sink_(sink),
      clock_(clock),
      observer_(observer),
      engine_(options.engine, sink, policy, clock, observer),
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
    source_.close();
    if (result) {
      continue;  // stopped, or to be connected again at once
    }
    if (is_permanent(result.error())) {
      break;
    }
    observer_.source_lost(result.error());
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
  engine_.restart(*exceptions);
  observer_.source_connected(*exceptions);
  if (Result<void> relayed = relay_until(stop); !relayed) {
    return relayed;
  }
  return drain();
}

Result<void> Relay::relay_until(const std::stop_token& stop) {
  BatchReader reader{source_, options_.batch_limit, deliveries_};
  Standing standing = source_.standing();
  while (!stop.stop_requested()) {
    take_news(standing == Standing::paused ? clock_.now() + kLongestWait
                                           : engine_.next_wakeup());
    standing = source_.standing();
    if (standing == Standing::changing) {
      return {};
    }
    if (standing == Standing::lost) {
      return lease_lost();
    }
    if (standing == Standing::owner) {
      if (Result<void> done = read(reader); !done) {
        return done;
      }
      engine_.send();
    }
    if (Result<void> settled = settle(); !settled) {
      return settled;
    }
  }
  return {};
}

Result<void> Relay::drain() {
  const Clock::time_point deadline = clock_.now() + options_.drain_timeout;
  while (!engine_.idle() && clock_.now() < deadline) {
    take_news(std::min(engine_.next_wakeup(), deadline));
    switch (source_.standing()) {
      case Standing::lost:
        return lease_lost();
      case Standing::paused:
        break;
      case Standing::owner:
      case Standing::changing:
        engine_.send();
    }
    if (Result<void> settled = settle(); !settled) {
      return settled;
    }
  }
  return {};
}

// Waits for deliveries or batches, at most until `wakeup`.
void Relay::take_news(Clock::time_point wakeup) {
  engine_.take(deliveries_.wait(busy_ ? milliseconds{0} : until(wakeup, clock_.now())));
  busy_ = false;
}

Result<void> Relay::read(BatchReader& reader) {
  if (Result<void> read = read_batches(reader); !read) {
    return read;
  }
  if (Result<void> read = read_exceptions(); !read) {
    return read;
  }
  return read_due();
}

Result<void> Relay::read_batches(BatchReader& reader) {
  while (engine_.wants_batch()) {
    std::optional<Batch> batch = reader.take();
    if (!batch) {
      break;
    }
    engine_.add(*std::move(batch));
    busy_ = true;
  }
  if (std::optional<Error> error = reader.error()) {
    return *std::move(error);
  }
  return {};
}

Result<void> Relay::read_exceptions() {
  std::vector<HeldRange> ranges = engine_.due_exceptions();
  if (ranges.empty()) {
    return {};
  }
  Result<Batch> batch = source_.claim_exceptions(ranges, engine_.options().waiting_at_once);
  if (!batch) {
    return std::move(batch).error();
  }
  engine_.add_exceptions(std::move(ranges), *std::move(batch));
  return {};
}

Result<void> Relay::read_due() {
  if (!engine_.wants_due()) {
    return {};
  }
  Result<Batch> batch = source_.claim_due(engine_.options().due_at_once);
  if (!batch) {
    return std::move(batch).error();
  }
  engine_.add_due(*std::move(batch));
  return {};
}

Result<void> Relay::settle() {
  const std::optional<Settlement> settlement = engine_.next_settlement();
  if (!settlement) {
    return {};
  }
  busy_ = true;
  if (Result<void> stored = source_.settle(*settlement); !stored) {
    return stored;
  }
  observer_.settled(*settlement);
  return {};
}

void Relay::pause(milliseconds delay, const std::stop_token& stop) {
  const Clock::time_point end = clock_.now() + delay;
  while (!stop.stop_requested() && clock_.now() < end) {
    // What arrives now belongs to the connection that was lost.
    static_cast<void>(deliveries_.wait(until(end, clock_.now())));
  }
}

}  // namespace outbox
