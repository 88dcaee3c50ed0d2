#pragma once

#include <chrono>
#include <cstdint>

#include "outbox/result.hpp"
#include "support/sqlite/database.hpp"

namespace outbox::sqlite {

// Deletes old messages that are processed or discarded, with their receipts and attempts, in steps
// that hold the file's write lock for milliseconds. Other messages, and all of a key that waits
// behind a failed one, stay. One thread.
class Retention {
 public:
  // `keep` of 0: everything stays. The database must outlive it.
  Retention(Database& database, std::chrono::milliseconds keep)
      : database_(&database), keep_(keep) {}

  // Deletes a few, if it is time to.
  [[nodiscard]] Result<void> step();

 private:
  using Clock = std::chrono::steady_clock;

  Database* database_;
  std::chrono::milliseconds keep_;
  std::int64_t looked_up_to_ = 0;  // in this round, which begins with the oldest
  Clock::time_point next_;
};

}  // namespace outbox::sqlite
