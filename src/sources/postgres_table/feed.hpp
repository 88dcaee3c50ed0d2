#pragma once

#include <chrono>
#include <stop_token>
#include <vector>

#include "outbox/result.hpp"
#include "sources/postgres_table/position.hpp"
#include "sources/postgres_table/range_reader.hpp"
#include "sources/postgres_table/row_reader.hpp"

namespace outbox::postgres_table {

// Where the messages of a relay's shards come from: the outbox table or the write-ahead log. next
// and await_work as of Source.
class Feed {
 public:
  using Page = RangeReader::Page;

  virtual ~Feed() = default;

  [[nodiscard]] virtual Result<Page> next(const ReadLimits& limits) = 0;
  [[nodiscard]] virtual Result<void> await_work(std::chrono::milliseconds timeout,
                                                const std::stop_token& stop) = 0;
  // A page's positions are on the disk. May be called while the others run.
  virtual void stored(const std::vector<SharedPosition>& positions) = 0;
};

}  // namespace outbox::postgres_table
