#pragma once

#include <string>
#include <string_view>

#include "outbox/result.hpp"
#include "support/pg/connection.hpp"

namespace outbox::postgres_table {

// The outbox table as it was found in the database, and SQL about the objects beside it.
class Tables {
 public:
  // `table`: "outbox", or with its schema "billing.outbox"; case is kept. not_found: no such table.
  [[nodiscard]] static Result<Tables> find(pg::Connection& connection, const std::string& table);

  // Replaces ${outbox} and ${outbox_xyz} by the quoted names, as in migrations/*.sql.
  [[nodiscard]] std::string sql(std::string_view text) const;

  [[nodiscard]] const std::string& schema() const { return schema_; }
  [[nodiscard]] const std::string& table() const { return table_; }

  // "schema.table", the doorbell's channel.
  [[nodiscard]] std::string channel() const { return schema_ + "." + table_; }

 private:
  Tables(std::string schema, std::string table)
      : schema_(std::move(schema)), table_(std::move(table)) {}

  std::string schema_;
  std::string table_;
};

}  // namespace outbox::postgres_table
