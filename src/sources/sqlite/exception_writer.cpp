#include "sources/sqlite/exception_writer.hpp"

#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include "outbox/uuid.hpp"
#include "sources/sqlite/wall_clock.hpp"
#include "support/text/printable.hpp"

namespace outbox::sqlite {
namespace {

constexpr std::size_t kLongestError = 2'000;

// Whatever an operator has decided meanwhile: it was delivered.
constexpr std::string_view kResolve =
    "delete from outbox_exception where seq = ? and state <> 'held'";

constexpr std::string_view kForgetHeld =
    "delete from outbox_exception where key = ? and state = 'held'";

constexpr std::string_view kHold =
    "insert into outbox_exception (state, holds_key, key, seq, until_seq, failed_at, updated_at) "
    "values ('held', 1, ?1, ?2, ?3, ?4, ?4)";

constexpr std::string_view kKeep =
    "insert into outbox_exception (seq, key, state, holds_key, attempts, due_at, last_error, "
    "                              failed_at, updated_at) "
    "values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8) "
    "on conflict (seq) where state <> 'held' do update "
    "   set state = excluded.state, holds_key = excluded.holds_key, attempts = excluded.attempts, "
    "       due_at = excluded.due_at, last_error = excluded.last_error, "
    "       updated_at = excluded.updated_at "
    " where outbox_exception.state not in ('dead', 'discarded')";

constexpr std::string_view kAttempt =
    "insert into outbox_attempt (seq, attempt, failed_at, relay, error) values (?, ?, ?, ?, ?)";

// A hundred of a message stay.
constexpr std::string_view kTrimAttempts =
    "delete from outbox_attempt where seq = ?1 and rowid <= "
    "  (select rowid from outbox_attempt where seq = ?1 order by rowid desc limit 1 offset 100)";

constexpr std::string_view kAudit =
    "insert into outbox_audit (at, actor, action, seq, key, details) "
    "values (?, ?, 'skip', ?, ?, json_object('attempts', ?, 'error', ?))";

// A key of its own, as the message's key may be held. What is itself a copy is not copied again.
constexpr std::string_view kCopyDead =
    "insert into outbox (id, aggregatetype, aggregateid, type, headers, payload) "
    "select ?3, ?2, o.id, o.type, "
    "       json_set(o.headers, '$.\"outbox-dead-letter-aggregatetype\"', o.aggregatetype, "
    "                '$.\"outbox-dead-letter-aggregateid\"', o.aggregateid, "
    "                '$.\"outbox-dead-letter-seq\"', cast(o.seq as text), "
    "                '$.\"outbox-dead-letter-attempts\"', cast(e.attempts as text), "
    "                '$.\"outbox-dead-letter-error\"', coalesce(e.last_error, '')), "
    "       coalesce(e.payload, o.payload) "
    "  from outbox o join outbox_exception e on e.seq = o.seq and e.state <> 'held' "
    " where o.seq = ?1 and o.aggregatetype <> ?2";

std::int64_t after(std::int64_t now, std::chrono::milliseconds delay) {
  return now + std::chrono::microseconds{delay}.count();
}

std::string shown(std::string_view error) {
  return text::printable(error.substr(0, kLongestError));
}

}  // namespace

ExceptionWriter::ExceptionWriter(Database& database, std::string relay,
                                 std::string dead_letter_type, Statements statements)
    : database_(&database),
      relay_(std::move(relay)),
      dead_letter_type_(std::move(dead_letter_type)),
      statements_(std::move(statements)) {}

Result<ExceptionWriter> ExceptionWriter::make(Database& database, std::string relay,
                                              std::string dead_letter_type) {
  const std::array<std::string_view, 8> texts{kResolve, kForgetHeld,   kHold,  kKeep,
                                              kAttempt, kTrimAttempts, kAudit, kCopyDead};
  std::vector<Statement> made;
  for (const std::string_view text : texts) {
    Result<Statement> statement = database.prepare(text);
    if (!statement) {
      return std::move(statement).error();
    }
    made.push_back(*std::move(statement));
  }
  return ExceptionWriter{
      database, std::move(relay), std::move(dead_letter_type),
      Statements{std::move(made[0]), std::move(made[1]), std::move(made[2]), std::move(made[3]),
                 std::move(made[4]), std::move(made[5]), std::move(made[6]), std::move(made[7])}};
}

Result<void> ExceptionWriter::store(const Settlement& settlement) {
  now_ = now_us();
  if (Result<void> done = resolve(settlement.resolved); !done) {
    return done;
  }
  // All are forgotten before the first is noted: a key's range may have moved.
  if (Result<void> done = forget_held(settlement.held); !done) {
    return done;
  }
  if (Result<void> done = store_failed(settlement.failed); !done) {
    return done;
  }
  if (Result<void> done = store_detached(settlement.detached); !done) {
    return done;
  }
  return hold(settlement.held);
}

Result<void> ExceptionWriter::resolve(std::span<const std::int64_t> seqs) {
  for (const std::int64_t seq : seqs) {
    if (Result<void> done = statements_.resolve.bind(seq).run(); !done) {
      return done;
    }
  }
  return {};
}

Result<void> ExceptionWriter::store_failed(std::span<const FailedHead> heads) {
  for (const FailedHead& head : heads) {
    const Row row{.seq = head.seq,
                  .key = head.key,
                  .state = head.parked ? "dead" : "retrying",
                  .holds_key = true,
                  .attempts = head.attempts,
                  .due_at = head.parked ? 0 : after(now_, head.due_in),
                  .error = shown(head.error)};
    if (const Result<bool> kept = keep(row); !kept) {
      return kept.error();
    }
    if (Result<void> noted = note_attempt(row); !noted) {
      return noted;
    }
  }
  return {};
}

Result<void> ExceptionWriter::store_detached(std::span<const DetachedMessage> messages) {
  for (const DetachedMessage& message : messages) {
    const std::int64_t due_at =
        message.due_at_us != 0 ? message.due_at_us : after(now_, message.due_in);
    const Row row{.seq = message.seq,
                  .key = message.key,
                  .state = message.dead ? "dead" : "delayed",
                  .holds_key = false,
                  .attempts = message.attempts,
                  .due_at = message.dead ? 0 : due_at,
                  .error = shown(message.error)};
    const Result<bool> kept = keep(row);
    if (!kept) {
      return kept.error();
    }
    if (Result<void> noted = note_attempt(row); !noted) {
      return noted;
    }
    if (!message.dead || !*kept) {
      continue;
    }
    if (Result<void> noted = note_skip(row); !noted) {
      return noted;
    }
  }
  return {};
}

Result<void> ExceptionWriter::forget_held(std::span<const HeldRange> ranges) {
  for (const HeldRange& range : ranges) {
    if (Result<void> done = statements_.forget_held.bind(range.key).run(); !done) {
      return done;
    }
  }
  return {};
}

Result<void> ExceptionWriter::hold(std::span<const HeldRange> ranges) {
  for (const HeldRange& range : ranges) {
    if (range.from_seq > range.until_seq) {
      continue;
    }
    Statement& statement = statements_.hold;
    statement.bind(range.key).bind(range.from_seq).bind(range.until_seq).bind(now_);
    if (Result<void> done = statement.run(); !done) {
      return done;
    }
  }
  return {};
}

Result<bool> ExceptionWriter::keep(const Row& row) {
  Statement& statement = statements_.keep;
  statement.bind(row.seq).bind(row.key).bind(row.state).bind(std::int64_t{row.holds_key});
  statement.bind(row.attempts);
  if (row.due_at != 0) {
    statement.bind(row.due_at);
  } else {
    statement.bind_null();
  }
  statement.bind_or_null(row.error.empty() ? std::nullopt : std::optional{row.error});
  if (Result<void> stored = statement.bind(now_).run(); !stored) {
    return std::move(stored).error();
  }
  const bool kept = database_->changes() == 1;
  if (kept && row.state == "dead") {
    if (Result<void> copied = copy_dead(row.seq); !copied) {
      return std::move(copied).error();
    }
  }
  return kept;
}

Result<void> ExceptionWriter::note_attempt(const Row& row) {
  if (row.attempts == 0 || row.error.empty()) {
    return {};  // it has not failed by itself
  }
  Statement& statement = statements_.attempt;
  statement.bind(row.seq).bind(row.attempts).bind(now_).bind(relay_).bind(row.error);
  if (Result<void> noted = statement.run(); !noted) {
    return noted;
  }
  return statements_.trim_attempts.bind(row.seq).run();
}

Result<void> ExceptionWriter::note_skip(const Row& row) {
  Statement& statement = statements_.audit;
  statement.bind(now_).bind(relay_).bind(row.seq).bind(row.key).bind(row.attempts);
  return statement.bind(row.error).run();
}

Result<void> ExceptionWriter::copy_dead(std::int64_t seq) {
  if (dead_letter_type_.empty()) {
    return {};
  }
  Statement& statement = statements_.copy_dead;
  return statement.bind(seq).bind(dead_letter_type_).bind(Uuid::v7().to_string()).run();
}

}  // namespace outbox::sqlite
