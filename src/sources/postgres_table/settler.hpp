#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "outbox/result.hpp"
#include "outbox/source.hpp"
#include "sources/postgres_table/ownership.hpp"
#include "sources/postgres_table/position.hpp"
#include "sources/postgres_table/row_reader.hpp"
#include "sources/postgres_table/sql.hpp"
#include "support/pg/connection.hpp"
#include "support/pg/params.hpp"

namespace outbox::postgres_table {

// Writes outcomes: receipts and progress in one statement that commits asynchronously (a crash of
// the database sends again); with exceptions, in one transaction that commits synchronously. Each
// carries the fence.
class Settler {
 public:
  // Stores `position` once in the new epoch, so that nothing of an older one counts any more. The
  // connection is borrowed.
  [[nodiscard]] static Result<Settler> make(pg::Connection& connection, const Tables& tables,
                                            Fence fence, Position position);

  // `position`: where it moves to; nullptr: it stays.
  [[nodiscard]] Result<void> settle(const Settlement& settlement, const Position* position);

  [[nodiscard]] Result<Batch> claim(std::span<const HeldRange> ranges, std::size_t limit_per_range,
                                    std::size_t max_bytes);

  [[nodiscard]] Result<Exceptions> load_exceptions(const Tables& tables);

 private:
  Settler(pg::Connection& connection, Fence fence, Position position);

  [[nodiscard]] Result<void> prepare(const Tables& tables);
  [[nodiscard]] Result<void> find_current_table(const Tables& tables);
  [[nodiscard]] Result<void> store(std::span<const Receipt> receipts, const Position* position);
  [[nodiscard]] Result<void> store_exceptions(const Settlement& settlement);
  [[nodiscard]] Result<void> store_held(std::span<const HeldRange> held);
  [[nodiscard]] Result<void> store_failed(std::span<const FailedHead> failed);
  [[nodiscard]] Result<void> rotate();
  [[nodiscard]] Result<void> lock_fence();

  pg::Connection* connection_;
  Fence fence_;
  Position position_;          // the stored one
  std::int64_t n_ = 0;         // of the last progress row of this epoch
  int current_ = 0;            // the progress table that is appended to, 0 or 1
  std::int64_t appended_ = 0;  // rows in it
  std::array<std::string, 2> truncate_sql_;

  // Reused from settlement to settlement.
  pg::Params params_;
  pg::Array seqs_{pg::Type::int8};
  pg::Array partitions_{pg::Type::int4};
  pg::Array offsets_{pg::Type::int8};
  pg::Array topic_numbers_{pg::Type::int4};
  pg::Array topics_{pg::Type::text};
};

}  // namespace outbox::postgres_table
