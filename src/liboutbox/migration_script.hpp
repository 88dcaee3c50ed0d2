// The SQL of the migrations, embedded at build time from migrations/*.sql.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "liboutbox/table_name.hpp"
#include "outbox/outbox.hpp"
#include "outbox/result.hpp"

namespace outbox {

struct MigrationScript {
  std::string_view name;  // "0001_outbox"
  std::string_view up;
  std::string_view down;
};

// In the order of their numbers; the first is version 1, and none is missing.
[[nodiscard]] std::span<const MigrationScript> embedded_migrations();

[[nodiscard]] std::string_view to_sql(PayloadType type);

// Fills in the placeholders that the head of migrations/0001_outbox.up.sql lists. internal: the
// script holds another one. Precondition: table.schema is not empty.
[[nodiscard]] Result<std::string> fill_placeholders(std::string_view sql, const TableName& table,
                                                    PayloadType type);

}  // namespace outbox
