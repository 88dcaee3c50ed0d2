#include "order-service/sqlite_schema.hpp"

#include <cstdint>
#include <iterator>
#include <string_view>

#include "order-service/sqlite_embedded.hpp"

namespace outbox::orders {
namespace {

// The n-th makes version n.
constexpr std::string_view kMigrations[] = {sqlite_embedded::f_0001_orders_sql};

constexpr const char* kVersionTable = R"sql(
  create table if not exists order_service_migration (
    version     integer primary key,
    applied_at  text not null default current_timestamp
  ) strict)sql";

Result<void> require_outbox(sqlite::Database& database, const std::string& path) {
  const auto tables = database.integer(
      "select count(*) from sqlite_schema where type = 'table' and name = 'outbox'");
  if (!tables.ok()) return tables.error();
  if (*tables > 0) return {};
  return Error{ErrorCode::not_found, path +
                                         " has no outbox table: make it with 'outboxctl migrate "
                                         "--database sqlite:" +
                                         path + "', then start again"};
}

Result<void> apply(sqlite::Database& database, std::int64_t version, std::string_view sql) {
  if (auto done = database.exec(std::string(sql)); !done.ok()) {
    return Error{done.error().code, "cannot bring the order tables to version " +
                                        std::to_string(version) + ": " + done.error().message};
  }
  return database.exec("insert into order_service_migration (version) values (" +
                       std::to_string(version) + ")");
}

}  // namespace

Result<void> apply_migrations(sqlite::Database& database, const std::string& path) {
  auto tx = sqlite::Tx::begin(database);
  if (!tx.ok()) {
    return Error{tx.error().code,
                 "cannot bring the order tables in " + path +
                     " up to date, perhaps because another program writes: " + tx.error().message};
  }
  if (auto there = require_outbox(database, path); !there.ok()) return there;
  if (auto made = database.exec(kVersionTable); !made.ok()) return made;
  const auto version =
      database.integer("select coalesce(max(version), 0) from order_service_migration");
  if (!version.ok()) return version.error();
  const auto known = static_cast<std::int64_t>(std::size(kMigrations));
  if (*version > known) {
    return Error{ErrorCode::conflict, "the order tables in " + path + " are at version " +
                                          std::to_string(*version) + ", this program knows up to " +
                                          std::to_string(known) + ": run a newer order-service"};
  }
  for (std::int64_t next = *version; next < known; ++next) {
    if (auto applied = apply(database, next + 1, kMigrations[next]); !applied.ok()) return applied;
  }
  return tx->commit();
}

}  // namespace outbox::orders
