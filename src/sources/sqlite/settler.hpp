#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "outbox/result.hpp"
#include "outbox/source.hpp"
#include "sources/sqlite/exception_writer.hpp"
#include "support/sqlite/database.hpp"

namespace outbox::sqlite {

// A relay's turn at a file.
struct Ownership {
  std::string owner;
  std::int64_t epoch = 0;
  std::int64_t position = 0;  // as it was found
};

// Marks what became of messages, each settlement in one transaction that is refused when another
// relay has connected since. One thread.
class Settler {
 public:
  // The database must outlive it. `dead_letter_type`: as for ExceptionWriter.
  [[nodiscard]] static Result<Settler> make(Database& database, const Ownership& ownership,
                                            std::string dead_letter_type);

  // `position`: everything up to it is done or an exception; nothing: it stays.
  [[nodiscard]] Result<void> settle(const Settlement& settlement,
                                    std::optional<std::int64_t> position);

  // As it was settled last.
  [[nodiscard]] std::int64_t position() const { return position_; }

 private:
  Settler(Database& database, const Ownership& ownership, Statement move, Statement receipt,
          ExceptionWriter exceptions);

  [[nodiscard]] Result<void> set_durable(bool durable);
  [[nodiscard]] Result<void> store(const Settlement& settlement, std::int64_t position);
  [[nodiscard]] Result<void> store_receipts(std::span<const Receipt> receipts);

  Database* database_;
  std::int64_t epoch_;
  std::int64_t position_;
  Statement move_;
  Statement receipt_;
  ExceptionWriter exceptions_;
  bool durable_ = true;
};

}  // namespace outbox::sqlite
