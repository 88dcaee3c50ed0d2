#include "sources/sqlite/retention.hpp"

#include <utility>

namespace outbox::sqlite {
namespace {

constexpr int kStep = 500;  // messages looked at
constexpr std::chrono::milliseconds kBetweenSteps{100};
constexpr std::chrono::minutes kBetweenRounds{1};

// The next messages that are old enough: how many, and the last one's seq.
constexpr std::string_view kWindow = R"(
  select count(*), max(seq) from (
    select seq from outbox
     where seq > ?1 and seq <= (select last_seq from outbox_position) and created_at < ?2
     order by seq limit ?3))";

constexpr std::string_view kDelete = R"(
  delete from outbox where seq > ?1 and seq <= ?2
     and not exists (select 1 from outbox_exception e
                      where e.key = outbox.aggregateid and e.state <> 'discarded'
                        and (e.holds_key = 1 or e.seq = outbox.seq))
     and not exists (select 1 from outbox_receipt r
                      where r.seq = outbox.seq and r.processed_at >= ?3))";

// What is left of messages that are gone.
constexpr std::string_view kDeleteReceipts = R"(
  delete from outbox_receipt where seq > ?1 and seq <= ?2
     and not exists (select 1 from outbox where outbox.seq = outbox_receipt.seq))";

constexpr std::string_view kDeleteAttempts = R"(
  delete from outbox_attempt where seq > ?1 and seq <= ?2
     and not exists (select 1 from outbox where outbox.seq = outbox_attempt.seq))";

constexpr std::string_view kDeleteDiscarded = R"(
  delete from outbox_exception where seq > ?1 and seq <= ?2
     and state <> 'held' and state = 'discarded'
     and not exists (select 1 from outbox where outbox.seq = outbox_exception.seq))";

}  // namespace

Result<void> Retention::step() {
  const Clock::time_point now = Clock::now();
  if (keep_.count() == 0 || now < next_) {
    return {};
  }
  const auto oldest = std::chrono::system_clock::now().time_since_epoch() - keep_;
  const std::int64_t oldest_us =
      std::chrono::duration_cast<std::chrono::microseconds>(oldest).count();
  Result<Statement> window = database_->prepare(kWindow);
  if (!window) {
    return std::move(window).error();
  }
  const Result<bool> row = window->bind(looked_up_to_).bind(oldest_us).bind(kStep).step();
  if (!row) {
    return row.error();
  }
  const std::int64_t count = window->int8(0);
  const std::int64_t last = window->int8(1);
  window->reset();
  if (count > 0) {
    Result<Tx> tx = Tx::begin(*database_);
    if (!tx) {
      return std::move(tx).error();
    }
    for (const std::string_view sql :
         {kDelete, kDeleteReceipts, kDeleteAttempts, kDeleteDiscarded}) {
      Result<Statement> statement = database_->prepare(sql);
      if (!statement) {
        return std::move(statement).error();
      }
      statement->bind(looked_up_to_).bind(last);
      if (sql == kDelete) {
        statement->bind(oldest_us);
      }
      if (Result<void> done = statement->run(); !done) {
        return done;
      }
    }
    if (Result<void> committed = tx->commit(); !committed) {
      return committed;
    }
  }
  const bool round_is_over = count < kStep;
  looked_up_to_ = round_is_over ? 0 : last;
  next_ = now + (round_is_over ? std::chrono::milliseconds{kBetweenRounds} : kBetweenSteps);
  return {};
}

}  // namespace outbox::sqlite
