#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "outbox/result.hpp"
#include "outbox/source.hpp"
#include "support/sqlite/database.hpp"

namespace outbox::sqlite {

// Reads messages that the position has passed and that were not delivered. One thread.
class ExceptionReader {
 public:
  // The database must outlive it.
  [[nodiscard]] static Result<ExceptionReader> make(Database& database);

  // What holds keys, as a relay has to know it when it connects.
  [[nodiscard]] Result<Exceptions> load();

  // Source::claim_exceptions. What is behind `position` has not been read, whatever a range says;
  // and what is no head and has an exception of its own, or was delivered, does not wait in a
  // range.
  [[nodiscard]] Result<Batch> claim(std::span<const HeldRange> ranges, std::size_t limit_per_range,
                                    std::int64_t position, std::size_t max_bytes);

  // Source::claim_due.
  [[nodiscard]] Result<Batch> claim_due(std::size_t limit, std::size_t max_bytes);

 private:
  ExceptionReader(Statement held, Statement in_range, Statement due);

  Statement holding_;
  Statement in_range_;
  Statement due_;
};

}  // namespace outbox::sqlite
