// The outbox table's name, as it is safe to put into SQL.
#pragma once

#include <string>
#include <string_view>

#include "outbox/result.hpp"

namespace outbox {

struct TableName {
  std::string schema;  // empty: where the search_path finds or makes the table
  std::string table;

  // "outbox" or "billing.outbox", without quotes. Case is kept. Each part consists of ASCII
  // letters, digits, _ and -; the table has 40 characters at most, so that the names made from it
  // fit PostgreSQL's 63 bytes.
  [[nodiscard]] static Result<TableName> parse(std::string_view text);

  // "billing"."outbox", with the quotes.
  [[nodiscard]] std::string quoted() const;
};

}  // namespace outbox
