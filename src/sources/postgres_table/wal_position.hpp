#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "outbox/result.hpp"
#include "sources/postgres_table/position.hpp"
#include "sources/postgres_wal/lsn.hpp"
#include "sources/postgres_wal/wal_reader.hpp"

namespace outbox::postgres_table {

// How far the log was read.
//
// The position goes on being a snapshot, so that everything that trusts it (retention, the view of
// messages, a return to the table) need not know of the log. Once a second a snapshot is taken and
// then the log's end is asked for: what is visible in the one was committed before the other, so
// when the log was read so far, the snapshot is passed.
//
// A commit is in the log a while before snapshots show it. So marks are taken until one sees all
// that was read, though nothing else comes: what was done would seem to wait until the next
// message.
class WalPosition {
 public:
  using Clock = std::chrono::steady_clock;
  struct Mark {
    Snapshot snapshot;
    postgres_wal::Lsn end = 0;  // of the log, after the snapshot was taken
  };
  using TakeMark = std::function<Result<Mark>()>;

  WalPosition(Position from, TakeMark take_mark);

  // The log was read up to the end of the page. The error is that of the mark; the position has
  // moved all the same.
  [[nodiscard]] Result<void> move(const postgres_wal::WalPage& page, Clock::time_point now);
  [[nodiscard]] const Position& at() const { return at_; }

 private:
  [[nodiscard]] bool wants_mark(bool found, Clock::time_point now) const;
  [[nodiscard]] bool sees_all_read(const Snapshot& snapshot) const;

  TakeMark take_mark_;
  Position at_;
  std::optional<Mark> mark_;  // that the log was not read up to
  // Where an earlier reader has stopped, its last mark may not have seen all that it had read.
  bool unmarked_ = true;  // records came since the last mark
  bool unseen_ = false;   // the last mark may not have seen all of them
  std::uint64_t newest_xid_;
  Clock::time_point marked_;
  Clock::time_point moved_;
};

}  // namespace outbox::postgres_table
