#include "sources/postgres_table/wal_position.hpp"

#include <algorithm>
#include <utility>

namespace outbox::postgres_table {
namespace {

constexpr std::chrono::seconds kMarkInterval{1};
// The log grows also by what is not ours, and by what this relay itself writes when it stores how
// far it has come.
constexpr std::chrono::seconds kIdleInterval{5};

}  // namespace

WalPosition::WalPosition(Position from, TakeMark take_mark)
    : take_mark_(std::move(take_mark)),
      at_(std::move(from)),
      newest_xid_(std::max<std::uint64_t>(at_.from.xmax, 1) - 1) {}

Result<void> WalPosition::move(const postgres_wal::WalPage& page, Clock::time_point now) {
  const bool found = !page.batch.records.empty();
  const bool passed = mark_ && page.lsn >= mark_->end;
  if (passed) {
    at_.from = std::move(mark_->snapshot);
    mark_.reset();
  }
  if (found || passed || now - moved_ >= kIdleInterval) {
    at_.lsn = page.lsn;
    at_.last_seq = page.inside;
    moved_ = now;
  }
  unmarked_ |= found;
  for (const std::uint64_t xid : page.xids) {
    newest_xid_ = std::max(newest_xid_, xid);
  }
  if (!wants_mark(found, now)) {
    return {};
  }
  Result<Mark> taken = take_mark_();
  if (!taken) {
    return std::move(taken).error();
  }
  mark_ = *std::move(taken);
  marked_ = now;
  unmarked_ = false;
  unseen_ = !sees_all_read(mark_->snapshot);
  return {};
}

bool WalPosition::wants_mark(bool found, Clock::time_point now) const {
  if (mark_) {
    return false;
  }
  const bool due = now - marked_ >= kMarkInterval;
  return (unmarked_ && (!found || due)) || (unseen_ && due);
}

// Transactions that are older than the newest one that was read, and open, may be others'.
bool WalPosition::sees_all_read(const Snapshot& snapshot) const {
  return snapshot.xmax > newest_xid_ &&
         (snapshot.in_progress.empty() || snapshot.in_progress.front() > newest_xid_);
}

}  // namespace outbox::postgres_table
