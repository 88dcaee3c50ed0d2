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
};

// What the settlement leaves undelivered of the batches that it passes, and what has to be found
// again therefore. The records point into the batches.
[[nodiscard]] std::vector<Record> undelivered(const std::vector<Claimed>& passed,
                                              const Settlement& settlement);

}  // namespace outbox::postgres_table
