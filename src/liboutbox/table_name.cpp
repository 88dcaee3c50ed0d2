#include "liboutbox/table_name.hpp"

#include <algorithm>
#include <cstddef>

#include "support/pg/connection.hpp"

namespace outbox {
namespace {

constexpr std::size_t kMaxSchema = 63;
constexpr std::size_t kMaxTable = 40;

bool is_safe(std::string_view part, std::size_t most) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  };
  return !part.empty() && part.size() <= most && std::all_of(part.begin(), part.end(), allowed);
}

}  // namespace

Result<TableName> TableName::parse(std::string_view text) {
  TableName name;
  const std::size_t dot = text.find('.');
  const bool qualified = dot != std::string_view::npos;
  if (qualified) name.schema = text.substr(0, dot);
  name.table = qualified ? text.substr(dot + 1) : text;
  if (!is_safe(name.table, kMaxTable) || (qualified && !is_safe(name.schema, kMaxSchema))) {
    return Error{ErrorCode::invalid_argument,
                 "the outbox table's name must read TABLE or SCHEMA.TABLE, of ASCII letters, "
                 "digits, _ and -, the table with 40 characters at most"};
  }
  return name;
}

std::string TableName::quoted() const {
  const std::string quoted_table = pg::quote_identifier(table);
  return schema.empty() ? quoted_table : pg::quote_identifier(schema) + "." + quoted_table;
}

}  // namespace outbox
