#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sources/postgres_table/feed.hpp"
#include "sources/postgres_table/mode.hpp"
#include "sources/postgres_table/sql.hpp"
#include "sources/postgres_table/table_feed.hpp"
#include "sources/postgres_wal/wal_reader.hpp"
#include "support/pg/connection.hpp"

namespace outbox::postgres_table {

// Reads the write-ahead log from a slot, all shards together.
//
// The position goes on being a snapshot, so that everything that trusts it (retention, the view of
// messages, a return to the table) need not know of the log. Once a second a snapshot is taken and
// then the log's end is asked for: what is visible in the one was committed before the other, so
// when the log was read so far, the snapshot is passed.
//
// A slot that is new knows nothing of what was committed before it. So the table is read first,
// from the stored position up to a snapshot in which every transaction has ended that was running
// once the slot was there: whatever that one does not show commits after the slot's first place.
// (A commit is in the log a while before snapshots show it, so a snapshot that is merely younger
// than the slot could miss what the slot does not have either.) What both have is taken once.
class WalFeed final : public Feed {
 public:
  // `connection`: an ordinary one. wrong_history: the slot is gone, or is not at the place where
  // this outbox left it.
  [[nodiscard]] static Result<std::unique_ptr<WalFeed>> make(pg::Connection connection,
                                                             const Tables& tables,
                                                             const std::string& url, Mode mode,
                                                             std::vector<SharedPosition> positions);

  Result<Page> next(const ReadLimits& limits) override;
  Result<void> await_work(std::chrono::milliseconds timeout, const std::stop_token& stop) override;
  void stored(const std::vector<SharedPosition>& positions) override;

 private:
  using Clock = std::chrono::steady_clock;
  struct Mark {
    Snapshot snapshot;
    postgres_wal::Lsn end = 0;  // of the log, after the snapshot was taken
  };

  WalFeed(pg::Connection connection, const Tables& tables, std::string url, Mode mode)
      : connection_(std::move(connection)),
        tables_(tables),
        url_(std::move(url)),
        mode_(std::move(mode)) {}

  [[nodiscard]] Result<void> begin(std::vector<SharedPosition> positions);
  [[nodiscard]] Result<void> stream(const Position& from);
  [[nodiscard]] Result<Page> next_of_table(const ReadLimits& limits);
  [[nodiscard]] Result<Mark> mark();
  [[nodiscard]] Result<void> move(bool found, const postgres_wal::WalPage& page);

  pg::Connection connection_;
  Tables tables_;
  std::string url_;
  Mode mode_;

  // While the table is read first.
  std::unique_ptr<TableFeed> table_;
  std::vector<std::uint64_t> running_;  // when the slot was there

  // Then:
  const std::shared_ptr<std::atomic<postgres_wal::Lsn>> stored_ =
      std::make_shared<std::atomic<postgres_wal::Lsn>>(0);
  Position at_;
  std::optional<Mark> mark_;  // that the log was not read up to
  bool unmarked_ = false;     // records came since the last mark
  Clock::time_point marked_;
  Clock::time_point moved_;
  std::unique_ptr<postgres_wal::WalReader> log_;  // last: its thread uses stored_
};

}  // namespace outbox::postgres_table
