#include "order-service/postgres_schema.hpp"

#include <iterator>

#include "liboutbox/table_name.hpp"
#include "order-service/embedded.hpp"

namespace outbox::orders {
namespace {

// The n-th makes version n.
constexpr std::string_view kMigrations[] = {embedded::f_0001_orders_sql};

// Any number that no other program takes for its lock.
constexpr std::int64_t kMigrationLock = 0x6F72646572730001;

constexpr const char* kVersionTable = R"sql(
  create table if not exists order_service_migration (
    version     integer primary key,
    applied_at  timestamptz not null default now()
  ))sql";

Result<std::int64_t> current_version(pg::Connection& connection) {
  auto rows = connection.query("select coalesce(max(version), 0) from order_service_migration");
  if (!rows.ok()) return rows.error();
  return rows->int8(0, 0);
}

Result<void> apply(pg::Connection& connection, std::int64_t version, std::string_view sql) {
  auto done = connection.exec(std::string(sql));
  if (!done.ok()) {
    return Error{done.error().code, "cannot bring the order tables to version " +
                                        std::to_string(version) + ": " + done.error().message};
  }
  auto noted = connection.query("insert into order_service_migration (version) values ($1)",
                                pg::Params().int4(static_cast<std::int32_t>(version)));
  if (!noted.ok()) return noted.error();
  return {};
}

}  // namespace

Result<void> apply_migrations(pg::Connection& connection) {
  auto tx = pg::Tx::begin(connection);
  if (!tx.ok()) return tx.error();
  if (auto set = connection.exec("set local lock_timeout = '10s'"); !set.ok()) return set.error();
  auto locked =
      connection.query("select pg_advisory_xact_lock($1)", pg::Params().int8(kMigrationLock));
  if (!locked.ok()) {
    return Error{
        locked.error().code,
        "cannot bring the order tables up to date, perhaps because another order-service is "
        "doing so: " +
            locked.error().message};
  }
  if (auto made = connection.exec(kVersionTable); !made.ok()) return made.error();
  const auto version = current_version(connection);
  if (!version.ok()) return version.error();
  const auto known = static_cast<std::int64_t>(std::size(kMigrations));
  if (*version > known) {
    return Error{ErrorCode::conflict, "the database's order tables are at version " +
                                          std::to_string(*version) + ", this program knows up to " +
                                          std::to_string(known) + ": run a newer order-service"};
  }
  for (std::int64_t next = *version; next < known; ++next) {
    auto applied = apply(connection, next + 1, kMigrations[next]);
    if (!applied.ok()) return applied;
  }
  return tx->commit();
}

Result<PayloadType> outbox_payload_type(pg::Connection& connection, const std::string& table) {
  const auto name = TableName::parse(table);
  if (!name.ok()) return Error{name.error().code, "outbox.table: " + name.error().message};
  auto rows = connection.query(
      "select format_type(atttypid, null) from pg_attribute "
      "where attrelid = to_regclass($1::text) and attname = 'payload' and not attisdropped",
      pg::Params().text(name->quoted()));
  if (!rows.ok()) return rows.error();
  if (rows->empty()) {
    return Error{ErrorCode::not_found, "the database has no outbox table '" + table +
                                           "': make it with 'outboxctl migrate', then start again"};
  }
  const std::string_view type = rows->text(0, 0);
  if (type == "json") return PayloadType::json;
  if (type == "jsonb") return PayloadType::jsonb;
  if (type == "text") return PayloadType::text;
  if (type == "bytea") return PayloadType::bytea;
  return Error{ErrorCode::conflict, "the payload column of '" + table + "' has the type " +
                                        std::string(type) +
                                        ": is it an outbox table made by 'outboxctl migrate'?"};
}

}  // namespace outbox::orders
