#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "sources/postgres_table/doorbell.hpp"
#include "sources/postgres_table/feed.hpp"
#include "sources/postgres_table/sql.hpp"
#include "support/pg/connection.hpp"

namespace outbox::postgres_table {

// Reads the table by the difference of snapshots (RangeReader), and sleeps by the Doorbell.
class TableFeed final : public Feed {
 public:
  [[nodiscard]] static Result<std::unique_ptr<TableFeed>> make(
      pg::Connection connection, const Tables& tables, std::vector<SharedPosition> positions,
      std::optional<Snapshot> until = {});  // as of RangeReader
  ~TableFeed() override;
  TableFeed(const TableFeed&) = delete;
  TableFeed& operator=(const TableFeed&) = delete;

  Result<Page> next(const ReadLimits& limits) override;
  Result<void> await_work(std::chrono::milliseconds timeout, const std::stop_token& stop) override;
  void stored(const std::vector<SharedPosition>& /*positions*/) override {}
  [[nodiscard]] bool at_end() const { return ranges_->at_end(); }

 private:
  explicit TableFeed(pg::Connection connection) : connection_(std::move(connection)) {}

  pg::Connection connection_;
  std::optional<RangeReader> ranges_;
  std::optional<Doorbell> doorbell_;
};

}  // namespace outbox::postgres_table
