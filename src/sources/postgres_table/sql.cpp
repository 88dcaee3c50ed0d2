#include "sources/postgres_table/sql.hpp"

#include <utility>

namespace outbox::postgres_table {

Result<Tables> Tables::find(pg::Connection& connection, const std::string& table) {
  const std::size_t dot = table.find('.');
  const std::string quoted = dot == std::string::npos
                                 ? pg::quote_identifier(table)
                                 : pg::quote_identifier(table.substr(0, dot)) + "." +
                                       pg::quote_identifier(table.substr(dot + 1));
  pg::Params params;
  params.text(quoted);
  const Result<pg::Rows> found = connection.query(
      "select n.nspname::text, c.relname::text from pg_class c "
      "join pg_namespace n on n.oid = c.relnamespace where c.oid = to_regclass($1)",
      params);
  if (!found) {
    return found.error();
  }
  if (found->empty()) {
    return Error{ErrorCode::not_found,
                 "there is no table " + quoted +
                     " in this database: run 'outboxctl migrate', or correct source.table"};
  }
  return Tables{std::string{found->text(0, 0)}, std::string{found->text(0, 1)}};
}

std::string Tables::sql(std::string_view text) const {
  constexpr std::string_view kOpen = "${outbox";
  std::string result;
  while (true) {
    const std::size_t open = text.find(kOpen);
    result += text.substr(0, open);
    if (open == std::string_view::npos) {
      return result;
    }
    text.remove_prefix(open + kOpen.size());
    const std::size_t close = text.find('}');
    result += pg::quote_identifier(schema_) + "." +
              pg::quote_identifier(table_ + std::string{text.substr(0, close)});
    text.remove_prefix(close + 1);
  }
}

}  // namespace outbox::postgres_table
