#include "liboutbox/migration_script.hpp"

#include <optional>

#include "liboutbox/embedded.hpp"
#include "support/pg/connection.hpp"

namespace outbox {
namespace {

constexpr MigrationScript kScripts[] = {
    {"0001_outbox", embedded::f_0001_outbox_up_sql, embedded::f_0001_outbox_down_sql},
    {"0002_partitions", embedded::f_0002_partitions_up_sql, embedded::f_0002_partitions_down_sql},
    {"0003_roles", embedded::f_0003_roles_up_sql, embedded::f_0003_roles_down_sql},
};

constexpr std::string_view kOutbox = "outbox";

// "outbox_xyz" stands for an object beside the table, whatever the table is called.
std::optional<std::string> real_name(std::string_view name, const TableName& table) {
  if (!name.starts_with(kOutbox)) return std::nullopt;
  return table.table + std::string{name.substr(kOutbox.size())};
}

std::optional<std::string> value_of(std::string_view placeholder, const TableName& table,
                                    PayloadType type) {
  if (placeholder == "payload_type") return std::string{to_sql(type)};
  if (placeholder == "schema") return pg::quote_identifier(table.schema);
  if (placeholder == "bare:schema") return table.schema;
  const std::size_t colon = placeholder.find(':');
  const bool has_kind = colon != std::string_view::npos;
  const std::string_view kind = has_kind ? placeholder.substr(0, colon) : std::string_view{};
  auto name = real_name(has_kind ? placeholder.substr(colon + 1) : placeholder, table);
  if (!name) return std::nullopt;
  if (!has_kind) return TableName{table.schema, *name}.quoted();
  if (kind == "name") return pg::quote_identifier(*name);
  if (kind == "bare") return name;
  return std::nullopt;
}

}  // namespace

std::span<const MigrationScript> embedded_migrations() {
  return kScripts;
}

std::string_view to_sql(PayloadType type) {
  switch (type) {
    case PayloadType::json:
      return "json";
    case PayloadType::jsonb:
      return "jsonb";
    case PayloadType::text:
      return "text";
    case PayloadType::bytea:
      return "bytea";
  }
  return "json";
}

Result<std::string> fill_placeholders(std::string_view sql, const TableName& table,
                                      PayloadType type) {
  std::string filled;
  for (;;) {
    const std::size_t start = sql.find("${");
    const std::size_t end = sql.find('}', start);
    if (start == std::string_view::npos || end == std::string_view::npos) break;
    const std::string_view placeholder = sql.substr(start + 2, end - start - 2);
    const auto value = value_of(placeholder, table, type);
    if (!value) {
      return Error{ErrorCode::internal,
                   "a migration holds the unknown placeholder " + std::string{placeholder}};
    }
    filled.append(sql.substr(0, start)).append(*value);
    sql.remove_prefix(end + 1);
  }
  return filled.append(sql);
}

}  // namespace outbox
