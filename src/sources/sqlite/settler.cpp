#include "sources/sqlite/settler.hpp"

#include <utility>

#include "sources/sqlite/wall_clock.hpp"

namespace outbox::sqlite {
namespace {

constexpr std::string_view kMove =
    "update outbox_position set last_seq = ? where id = 1 and epoch = ?";

constexpr std::string_view kReceipt =
    "insert into outbox_receipt (seq, topic, \"partition\", \"offset\", processed_at) "
    "values (?, ?, ?, ?, ?)";

}  // namespace

Settler::Settler(Database& database, const Ownership& ownership, Statement move, Statement receipt,
                 ExceptionWriter exceptions)
    : database_(&database),
      epoch_(ownership.epoch),
      position_(ownership.position),
      move_(std::move(move)),
      receipt_(std::move(receipt)),
      exceptions_(std::move(exceptions)) {}

Result<Settler> Settler::make(Database& database, const Ownership& ownership,
                              std::string dead_letter_type) {
  Result<Statement> move = database.prepare(kMove);
  if (!move) {
    return std::move(move).error();
  }
  Result<Statement> receipt = database.prepare(kReceipt);
  if (!receipt) {
    return std::move(receipt).error();
  }
  Result<ExceptionWriter> exceptions =
      ExceptionWriter::make(database, ownership.owner, std::move(dead_letter_type));
  if (!exceptions) {
    return std::move(exceptions).error();
  }
  return Settler{database, ownership, *std::move(move), *std::move(receipt),
                 *std::move(exceptions)};
}

Result<void> Settler::settle(const Settlement& settlement, std::optional<std::int64_t> position) {
  if (Result<void> set = set_durable(settlement.exceptional()); !set) {
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
  if (Result<void> moved = move_.bind(position).bind(epoch_).run(); !moved) {
    return moved;
  }
  if (database_->changes() != 1) {
    return Error{ErrorCode::not_owner, "another relay has taken over; nothing more is marked here"};
  }
  if (Result<void> stored = store_receipts(settlement.delivered); !stored) {
    return stored;
  }
  return exceptions_.store(settlement);
}

Result<void> Settler::store_receipts(std::span<const Receipt> receipts) {
  const std::int64_t now = now_us();
  for (const Receipt& receipt : receipts) {
    receipt_.bind(receipt.seq).bind(receipt.topic).bind(receipt.partition).bind(receipt.offset);
    if (Result<void> stored = receipt_.bind(now).run(); !stored) {
      return stored;
    }
  }
  return {};
}

}  // namespace outbox::sqlite
