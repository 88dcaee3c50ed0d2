#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "outbox/result.hpp"
#include "sources/postgres_table/sql.hpp"
#include "support/pg/connection.hpp"

namespace outbox::postgres_table {

// How the outbox is, as its tables tell. Counts stop at StatusReader::kCountLimit, so that looking
// costs the same whatever has piled up.
struct Status {
  std::int64_t pending = 0;          // committed and not passed by the position
  bool pending_is_estimate = false;  // more than the limit: told from the seqs
  std::int64_t oldest_pending_age_ms = 0;
  std::int64_t retrying = 0;   // heads that wait for their next attempt
  std::int64_t held_keys = 0;  // keys with messages behind a head
  std::int64_t dead = 0;
  std::string owner;  // the relay that has the shards; empty: none ever had
  std::int64_t epoch = 0;
  std::int64_t shards = 0;
};

// Looks on a connection of its own, and gives a look that is younger than `cache_for` again.
// Thread-safe.
class StatusReader {
 public:
  static constexpr std::int64_t kCountLimit = 10'000;

  StatusReader(std::string url, std::string table,
               std::chrono::milliseconds cache_for = std::chrono::seconds{1})
      : url_(std::move(url)), table_(std::move(table)), cache_for_(cache_for) {}

  [[nodiscard]] Result<Status> read();

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] Result<void> connect();
  [[nodiscard]] Result<Status> query();

  std::string url_;
  std::string table_;
  std::chrono::milliseconds cache_for_;

  std::mutex mutex_;
  std::optional<pg::Connection> connection_;
  std::optional<Tables> tables_;
  std::optional<Result<Status>> last_;
  Clock::time_point looked_at_;
};

}  // namespace outbox::postgres_table
