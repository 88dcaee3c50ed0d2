#include "sources/sqlite/settler.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <utility>

#include "outbox/shard.hpp"
#include "sources/sqlite/records.hpp"
#include "support/text/printable.hpp"

namespace outbox::sqlite {
namespace {

constexpr std::size_t kLongestError = 2'000;

constexpr std::string_view kMove =
    "update outbox_position set last_seq = ? where id = 1 and epoch = ?";

constexpr std::string_view kReceipt =
    "insert into outbox_receipt (seq, topic, \"partition\", \"offset\", processed_at) "
    "values (?, ?, ?, ?, ?)";

constexpr std::string_view kResolve =
    "delete from outbox_exception where seq = ? and state <> 'held'";

constexpr std::string_view kForgetHeld =
    "delete from outbox_exception where key = ? and state = 'held'";

constexpr std::string_view kHold =
    "insert into outbox_exception (state, key, seq, until_seq, failed_at, updated_at) "
    "values ('held', ?1, ?2, ?3, ?4, ?4)";

constexpr std::string_view kFail =
    "insert into outbox_exception (state, seq, key, attempts, due_at, last_error, failed_at, "
    "                              updated_at) "
    "values ('retrying', ?1, ?2, ?3, ?4, ?5, ?6, ?6) "
    "on conflict (seq) do update "
    "   set state = 'retrying', attempts = excluded.attempts, due_at = excluded.due_at, "
    "       last_error = excluded.last_error, updated_at = excluded.updated_at";

// What is behind the position has not been read, whatever the range says.
constexpr std::string_view kClaim =
    " from outbox where aggregateid = ? and seq between ? and min(?, ?) order by seq limit ?";

constexpr std::string_view kLoad =
    "select state, seq, until_seq, key, attempts, due_at, last_error from outbox_exception "
    " where state in ('retrying', 'held') order by seq";

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Settler::Settler(Database& database, std::int64_t epoch, std::int64_t position,
                 Statements statements)
    : database_(&database),
      epoch_(epoch),
      position_(position),
      statements_(std::move(statements)) {}

Result<Settler> Settler::make(Database& database, std::int64_t epoch, std::int64_t position) {
  const std::string claim = std::string{"select "} + kRecordColumns + std::string{kClaim};
  const std::array<std::string_view, 7> texts{kMove, kReceipt, kResolve, kForgetHeld,
                                              kHold, kFail,    claim};
  std::vector<Statement> made;
  for (const std::string_view text : texts) {
    Result<Statement> statement = database.prepare(text);
    if (!statement) {
      return std::move(statement).error();
    }
    made.push_back(*std::move(statement));
  }
  return Settler{
      database, epoch, position,
      Statements{std::move(made[0]), std::move(made[1]), std::move(made[2]), std::move(made[3]),
                 std::move(made[4]), std::move(made[5]), std::move(made[6])}};
}

Result<void> Settler::settle(const Settlement& settlement, std::optional<std::int64_t> position) {
  const bool exceptional =
      !settlement.failed.empty() || !settlement.resolved.empty() || !settlement.held.empty();
  if (Result<void> set = set_durable(exceptional); !set) {
    return set;
  }
  Result<Tx> tx = Tx::begin(*database_);
  if (!tx) {
    return std::move(tx).error();
  }
  if (Result<void> stored = store(settlement, position.value_or(position_)); !stored) {
    return stored;
  }
  if (Result<void> committed = tx->commit(); !committed) {
    return committed;
  }
  position_ = position.value_or(position_);
  return {};
}

// Progress and receipts that a power cut takes back are sent again, which loses nothing, so they do
// not wait for the disk.
Result<void> Settler::set_durable(bool durable) {
  if (durable == durable_) {
    return {};
  }
  Result<void> set =
      database_->exec(durable ? "pragma synchronous = full" : "pragma synchronous = normal");
  if (set) {
    durable_ = durable;
  }
  return set;
}

Result<void> Settler::store(const Settlement& settlement, std::int64_t position) {
  if (Result<void> moved = statements_.move.bind(position).bind(epoch_).run(); !moved) {
    return moved;
  }
  if (database_->changes() != 1) {
    return Error{ErrorCode::not_owner, "another relay has taken over; nothing more is marked here"};
  }
  if (Result<void> stored = store_receipts(settlement.delivered); !stored) {
    return stored;
  }
  return store_exceptions(settlement);
}

Result<void> Settler::store_receipts(std::span<const Receipt> receipts) {
  const std::int64_t now = now_us();
  for (const Receipt& receipt : receipts) {
    Statement& statement = statements_.receipt;
    statement.bind(receipt.seq).bind(receipt.topic).bind(receipt.partition).bind(receipt.offset);
    if (Result<void> stored = statement.bind(now).run(); !stored) {
      return stored;
    }
  }
  return {};
}

Result<void> Settler::store_exceptions(const Settlement& settlement) {
  const std::int64_t now = now_us();
  for (const std::int64_t seq : settlement.resolved) {
    if (Result<void> done = statements_.resolve.bind(seq).run(); !done) {
      return done;
    }
  }
  // All are forgotten before the first is noted: a range may begin where another key's has been.
  for (const HeldRange& range : settlement.held) {
    if (Result<void> done = statements_.forget_held.bind(range.key).run(); !done) {
      return done;
    }
  }
  for (const FailedHead& head : settlement.failed) {
    Statement& statement = statements_.fail;
    statement.bind(head.seq).bind(head.key).bind(head.attempts);
    statement.bind(now + std::chrono::microseconds{head.due_in}.count());
    statement.bind(text::printable(std::string_view{head.error}.substr(0, kLongestError)));
    if (Result<void> done = statement.bind(now).run(); !done) {
      return done;
    }
  }
  for (const HeldRange& range : settlement.held) {
    if (range.from_seq > range.until_seq) {
      continue;
    }
    Statement& statement = statements_.hold;
    statement.bind(range.key).bind(range.from_seq).bind(range.until_seq).bind(now);
    if (Result<void> done = statement.run(); !done) {
      return done;
    }
  }
  return {};
}

Result<Batch> Settler::claim(std::span<const HeldRange> ranges, std::size_t limit_per_range,
                             std::size_t max_bytes) {
  RecordReader reader{max_bytes};
  bool truncated = false;
  for (const HeldRange& range : ranges) {
    Statement& statement = statements_.claim;
    statement.bind(range.key).bind(range.from_seq).bind(range.until_seq).bind(position_);
    statement.bind(static_cast<std::int64_t>(limit_per_range));
    const Result<bool> all = reader.read(statement);
    if (!all) {
      return all.error();
    }
    truncated = truncated || !*all;
  }
  Batch batch = reader.take();
  batch.truncated = truncated;
  return batch;
}

Result<Exceptions> Settler::load_exceptions() {
  Result<Statement> rows = database_->prepare(kLoad);
  if (!rows) {
    return std::move(rows).error();
  }
  const std::int64_t now = now_us();
  Exceptions exceptions;
  while (true) {
    const Result<bool> row = rows->step();
    if (!row) {
      return row.error();
    }
    if (!*row) {
      return exceptions;
    }
    std::string key{rows->text(3)};
    const std::uint8_t shard = shard_of(key);
    if (rows->text(0) == "held") {
      exceptions.held.push_back(HeldRange{std::move(key), shard, rows->int8(1), rows->int8(2)});
      continue;
    }
    const auto due_in = std::chrono::ceil<std::chrono::milliseconds>(
        std::chrono::microseconds{std::max<std::int64_t>(0, rows->int8(5) - now)});
    exceptions.heads.push_back(FailedHead{rows->int8(1), shard, std::move(key),
                                          static_cast<int>(rows->int8(4)), due_in,
                                          std::string{rows->text(6)}});
  }
}

}  // namespace outbox::sqlite
