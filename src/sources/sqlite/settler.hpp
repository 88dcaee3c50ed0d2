#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "outbox/result.hpp"
#include "outbox/source.hpp"
#include "support/sqlite/database.hpp"

namespace outbox::sqlite {

// Marks what became of messages, each settlement in one transaction that is refused when another
// relay has connected since. One thread.
class Settler {
 public:
  // The database must outlive it.
  [[nodiscard]] static Result<Settler> make(Database& database, std::int64_t epoch,
                                            std::int64_t position);

  // `position`: everything up to it is done or an exception; nothing: it stays.
  [[nodiscard]] Result<void> settle(const Settlement& settlement,
                                    std::optional<std::int64_t> position);

  [[nodiscard]] Result<Batch> claim(std::span<const HeldRange> ranges, std::size_t limit_per_range,
                                    std::size_t max_bytes);

  [[nodiscard]] Result<Exceptions> load_exceptions();

 private:
  struct Statements {
    Statement move;
    Statement receipt;
    Statement resolve;
    Statement forget_held;
    Statement hold;
    Statement fail;
    Statement claim;
  };
  Settler(Database& database, std::int64_t epoch, std::int64_t position, Statements statements);

  [[nodiscard]] Result<void> set_durable(bool durable);
  [[nodiscard]] Result<void> store(const Settlement& settlement, std::int64_t position);
  [[nodiscard]] Result<void> store_receipts(std::span<const Receipt> receipts);
  [[nodiscard]] Result<void> store_exceptions(const Settlement& settlement);

  Database* database_;
  std::int64_t epoch_;
  std::int64_t position_;
  Statements statements_;
  bool durable_ = true;
};

}  // namespace outbox::sqlite
