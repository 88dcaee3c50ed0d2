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
#include "sources/postgres_table/wal_position.hpp"
#include "sources/postgres_wal/wal_reader.hpp"
#include "support/pg/connection.hpp"

namespace outbox::postgres_table {

// Reads the write-ahead log from a slot, all shards together.
//
// A slot that is new knows nothing of what was committed before it. So the table is read first, up
// to a snapshot that sees what the slot's does, which is exactly what was committed before it, and
// what was read of the table already. (Only once the server shows all of the former: a commit is in
// the log a while before snapshots show it.) What that snapshot sees is then passed over in the
// log. A relay that reads the table takes no snapshot after the change to the log, so of what is
// committed after that nothing is passed over, and its rows need not stay in the table.
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
  WalFeed(pg::Connection connection, const Tables& tables, std::string url, Mode mode)
      : connection_(std::move(connection)),
        tables_(tables),
        url_(std::move(url)),
        mode_(std::move(mode)) {}

  [[nodiscard]] Result<void> begin(std::vector<SharedPosition> positions);
  // False: the server does not yet show everything that was committed before the slot.
  [[nodiscard]] Result<bool> open_table();
  [[nodiscard]] Result<void> stream(const Position& from);
  [[nodiscard]] Result<Page> next_of_table(const ReadLimits& limits);
  [[nodiscard]] Result<WalPosition::Mark> mark();

  pg::Connection connection_;
  Tables tables_;
  std::string url_;
  Mode mode_;

  // While the table is read first.
  std::vector<SharedPosition> before_;  // until it is open
  Snapshot until_;
  std::unique_ptr<TableFeed> table_;

  // Then:
  const std::shared_ptr<std::atomic<postgres_wal::Lsn>> stored_ =
      std::make_shared<std::atomic<postgres_wal::Lsn>>(0);
  std::optional<WalPosition> reached_;
  std::unique_ptr<postgres_wal::WalReader> log_;  // last: its thread uses stored_
};

}  // namespace outbox::postgres_table
