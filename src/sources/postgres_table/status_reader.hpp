#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "outbox/result.hpp"
#include "sources/postgres_table/sql.hpp"
#include "sources/status.hpp"
#include "support/pg/connection.hpp"

namespace outbox::postgres_table {

// Looks on a connection of its own, and gives a look that is younger than `cache_for` again.
class StatusReader final : public SourceStatusReader {
 public:
  StatusReader(std::string url, std::string table,
               std::chrono::milliseconds cache_for = std::chrono::seconds{1})
      : url_(std::move(url)), table_(std::move(table)), cache_for_(cache_for) {}

  Result<SourceStatus> read() override;

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] Result<void> connect();
  [[nodiscard]] Result<SourceStatus> query();

  std::string url_;
  std::string table_;
  std::chrono::milliseconds cache_for_;

  std::mutex mutex_;
  std::optional<pg::Connection> connection_;
  std::optional<Tables> tables_;
  std::optional<Result<SourceStatus>> last_;
  Clock::time_point looked_at_;
};

}  // namespace outbox::postgres_table
