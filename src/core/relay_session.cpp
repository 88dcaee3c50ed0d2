#include "core/relay_session.hpp"

#include <optional>
#include <utility>
#include <vector>

#include "mutants/mutant.hpp"

namespace outbox {

using mutant::Mutant;

namespace {

// A turn at the latest so long after one in which an operator had paused delivery.
constexpr std::chrono::milliseconds kPausedTurn{250};

Error lease_lost() {
  return {
      ErrorCode::not_owner,
      "this relay's lease has run out, so another one may have taken over; nothing more is sent "
      "before it is renewed"};
}

}  // namespace

bool RelaySession::drained() const {
  return engine_.idle() || mutant::on(Mutant::no_handover_drain);
}

Standing RelaySession::ask() const {
  const Standing standing = source_.standing();
  const bool ignores = standing == Standing::lost && mutant::on(Mutant::lost_lease_sends_on);
  return ignores ? Standing::owner : standing;
}

void RelaySession::begin(const Exceptions& exceptions) {
  engine_.restart(exceptions);
  standing_ = ask();
  busy_ = false;
}

Clock::time_point RelaySession::next_wakeup() const {
  return standing_ == Standing::paused ? clock_.now() + kPausedTurn : engine_.next_wakeup();
}

Result<bool> RelaySession::turn(BatchFeed& feed) {
  busy_ = false;
  standing_ = ask();
  if (standing_ == Standing::owner) {
    if (Result<void> done = read(feed); !done) {
      return std::move(done).error();
    }
    // Reading can take longer than a lease, when the machine or the database stands still.
    standing_ = ask();
  }
  if (standing_ == Standing::lost) {
    return lease_lost();
  }
  if (standing_ == Standing::owner) {
    engine_.send();
  }
  if (Result<void> settled = settle(); !settled) {
    return std::move(settled).error();
  }
  return standing_ != Standing::changing;
}

Result<void> RelaySession::drain_turn() {
  busy_ = false;
  standing_ = ask();
  switch (standing_) {
    case Standing::lost:
      return lease_lost();
    case Standing::paused:
      break;
    case Standing::owner:
    case Standing::changing:
      engine_.send();
  }
  return settle();
}

Result<void> RelaySession::read(BatchFeed& feed) {
  if (Result<void> read = read_batches(feed); !read) {
    return read;
  }
  if (Result<void> read = read_exceptions(); !read) {
    return read;
  }
  return read_due();
}

Result<void> RelaySession::read_batches(BatchFeed& feed) {
  while (engine_.wants_batch()) {
    std::optional<Batch> batch = feed.take();
    if (!batch) {
      break;
    }
    engine_.add(*std::move(batch));
    busy_ = true;
  }
  if (std::optional<Error> error = feed.error()) {
    return *std::move(error);
  }
  return {};
}

Result<void> RelaySession::read_exceptions() {
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

Result<void> RelaySession::read_due() {
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

Result<void> RelaySession::settle() {
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

}  // namespace outbox
