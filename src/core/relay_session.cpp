#include "core/relay_session.hpp"

#include <algorithm>
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

bool is_paused(Standing standing) {
  return standing == Standing::paused || standing == Standing::paused_changing;
}

bool is_changing(Standing standing) {
  return standing == Standing::changing || standing == Standing::paused_changing;
}

}  // namespace

bool RelaySession::drained() const {
  const bool settled = transaction_ == nullptr || transaction_->settled();
  // What was read and may not be sent for as long as delivery is paused is read again.
  const bool done = is_paused(standing_) ? engine_.quiet() : engine_.idle();
  return over_ || (done && settled) || mutant::on(Mutant::no_handover_drain);
}

Standing RelaySession::ask() const {
  const Standing standing = source_.standing();
  const bool ignores = standing == Standing::lost && mutant::on(Mutant::lost_lease_sends_on);
  return ignores ? Standing::owner : standing;
}

Result<void> RelaySession::begin(const Exceptions& exceptions) {
  engine_.restart(exceptions);
  standing_ = ask();
  busy_ = false;
  over_ = false;
  return transaction_ != nullptr ? transaction_->open() : Result<void>{};
}

void RelaySession::end() {
  if (transaction_ != nullptr) {
    transaction_->abandon();
  }
}

Clock::time_point RelaySession::next_wakeup() const {
  if (is_paused(standing_)) {
    return clock_.now() + kPausedTurn;
  }
  const Clock::time_point next = engine_.next_wakeup();
  return transaction_ == nullptr ? next : std::min(next, transaction_->ends_at());
}

Result<bool> RelaySession::turn(BatchFeed& feed) {
  busy_ = false;
  standing_ = ask();
  if (Result<bool> goes_on = check_transaction(); !goes_on || !*goes_on) {
    return goes_on;
  }
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
    if (Result<void> sent = send(); !sent) {
      return std::move(sent).error();
    }
  } else if (is_paused(standing_)) {
    engine_.cut_attempts_short();
  }
  if (Result<void> settled = settle(); !settled) {
    return std::move(settled).error();
  }
  return !is_changing(standing_);
}

Result<void> RelaySession::drain_turn() {
  busy_ = false;
  standing_ = ask();
  if (const Result<bool> goes_on = check_transaction(); !goes_on || !*goes_on) {
    return goes_on ? Result<void>{} : Result<void>{goes_on.error()};
  }
  if (transaction_ != nullptr) {
    transaction_->end();
  }
  switch (standing_) {
    case Standing::lost:
      return lease_lost();
    case Standing::paused:
    case Standing::paused_changing:
      engine_.cut_attempts_short();
      break;
    case Standing::owner:
    case Standing::changing:
      if (Result<void> sent = send(); !sent) {
        return sent;
      }
  }
  return settle();
}

Result<bool> RelaySession::check_transaction() {
  if (transaction_ == nullptr) {
    return true;
  }
  if (std::optional<Error> problem = transaction_->problem()) {
    if (problem->code == ErrorCode::destination_unavailable) {
      return *std::move(problem);
    }
    over_ = true;  // the sink knows what to refuse next time
  } else {
    // A transaction must not stay open for as long as delivery is paused: those who read committed
    // messages alone would wait for its end.
    over_ = (is_paused(standing_) && transaction_->is_open()) || transaction_->wants_reopening();
  }
  return !over_;
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
  while (engine_.wants_batch() && (transaction_ == nullptr || transaction_->takes_batch())) {
    std::optional<Batch> batch = feed.take();
    if (!batch) {
      break;
    }
    if (transaction_ != nullptr) {
      transaction_->took_batch(batch->records.size());
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
  if (transaction_ != nullptr && !transaction_->takes_exceptions()) {
    return {};
  }
  std::vector<HeldRange> ranges = engine_.due_exceptions();
  if (ranges.empty()) {
    return {};
  }
  Result<Batch> batch = source_.claim_exceptions(ranges, engine_.options().waiting_at_once);
  if (!batch) {
    return std::move(batch).error();
  }
  if (transaction_ != nullptr) {
    transaction_->took_exceptions(batch->records.size());
  }
  engine_.add_exceptions(std::move(ranges), *std::move(batch));
  return {};
}

Result<void> RelaySession::read_due() {
  if (!engine_.wants_due() || (transaction_ != nullptr && !transaction_->takes_exceptions())) {
    return {};
  }
  Result<Batch> batch = source_.claim_due(engine_.options().due_at_once);
  if (!batch) {
    return std::move(batch).error();
  }
  if (transaction_ != nullptr) {
    transaction_->took_exceptions(batch->records.size());
  }
  engine_.add_due(*std::move(batch));
  return {};
}

Result<void> RelaySession::send() {
  if (transaction_ != nullptr && !engine_.idle()) {
    if (Result<void> begun = transaction_->begin(); !begun) {
      return begun;
    }
  }
  engine_.hold_topics(source_.paused_topics());
  engine_.send();
  // The source may be behind, but what follows goes into the next transaction.
  if (transaction_ != nullptr && !transaction_->takes_batch()) {
    engine_.hurry();
  }
  return {};
}

Result<void> RelaySession::settle() {
  if (transaction_ != nullptr) {
    return settle_in_transaction();
  }
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

Result<void> RelaySession::settle_in_transaction() {
  if (std::optional<Settlement> settlement = engine_.next_settlement()) {
    busy_ = true;
    transaction_->add(*std::move(settlement));
  }
  const Result<bool> wrote = transaction_->advance(engine_.idle());
  if (!wrote) {
    return wrote.error();
  }
  busy_ = busy_ || *wrote;
  return {};
}

}  // namespace outbox
