#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "outbox/source.hpp"
#include "sources/postgres_table/position.hpp"

namespace outbox::postgres_table {

// A batch that was claimed and not settled.
struct Claimed {
  std::uint64_t number = 0;
  std::vector<SharedPosition> after;  // where it ends
  // Where the log is read: what may be in no table.
  std::vector<Record> records{};
  std::shared_ptr<const void> storage{};  // that they point to
  std::vector<std::uint64_t> xids{};      // of those that have a row
};

// What settled batches leave undelivered, and has to be found again. The records point into the
// batches.
struct Undelivered {
  std::vector<Record> records;
  std::vector<std::uint64_t> xids;  // of the batches' transactions
};

// Of the batches that the settlement passes.
[[nodiscard]] Undelivered undelivered(const std::vector<Claimed>& passed,
                                      const Settlement& settlement);

}  // namespace outbox::postgres_table
