#include <iterator>
#include <sqlite3.h>
#include <string>
#include <string_view>

#include "liboutbox/sqlite/embedded.hpp"
#include "outbox/sqlite.hpp"
#include "support/sqlite/error.hpp"
#include "support/sqlite/statement.hpp"

namespace outbox::sqlite {
namespace {

struct Script {
  std::string_view up;
  std::string_view down;
};

// The n-th makes version n.
constexpr Script kScripts[] = {
    {embedded::f_0001_outbox_up_sql, embedded::f_0001_outbox_down_sql},
};
constexpr int kNewest = std::size(kScripts);

Result<void> execute(sqlite3* connection, std::string_view sql) {
  if (sqlite3_exec(connection, std::string{sql}.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) {
    return {};
  }
  return error_of(connection, "the outbox's tables");
}

Result<int> version_of(sqlite3* connection) {
  auto statement = Statement::prepare(connection, "select max(version) from outbox_migration");
  if (!statement) return std::move(statement).error();
  const auto row = statement->step();
  if (!row) return row.error();
  return static_cast<int>(statement->int8(0));
}

Result<void> migrate_to(sqlite3* connection, int version, int target) {
  for (; version < target; ++version) {
    auto done = execute(connection, kScripts[version].up);
    if (done)
      done = execute(connection, "insert into outbox_migration (version) values (" +
                                     std::to_string(version + 1) + ")");
    if (!done) return done;
  }
  for (; version > target; --version) {
    if (auto done = execute(connection, kScripts[version - 1].down); !done) return done;
  }
  return target > 0 ? Result<void>{} : execute(connection, "drop table outbox_migration");
}

// Inside a transaction that holds the write lock.
Result<MigrationReport> migrate_locked(sqlite3* connection, int target) {
  if (auto made =
          execute(connection,
                  "create table if not exists outbox_migration "
                  "(version integer primary key, applied_at text default current_timestamp)");
      !made) {
    return std::move(made).error();
  }
  const auto version = version_of(connection);
  if (!version) return version.error();
  if (*version > kNewest) {
    return Error{ErrorCode::conflict, "the outbox's tables are at version " +
                                          std::to_string(*version) + ", this library knows up to " +
                                          std::to_string(kNewest) + ": use a newer one"};
  }
  if (auto migrated = migrate_to(connection, *version, target); !migrated) {
    return std::move(migrated).error();
  }
  return MigrationReport{*version, target};
}

Result<MigrationReport> migrate_in_transaction(sqlite3* connection, int target) {
  if (sqlite3_get_autocommit(connection) == 0) {
    return Error{ErrorCode::invalid_argument,
                 "a transaction is open on the connection; migrate needs one of its own"};
  }
  if (auto begun = execute(connection, "begin immediate"); !begun) return std::move(begun).error();
  auto report = migrate_locked(connection, target);
  if (report) {
    if (auto committed = execute(connection, "commit"); !committed) report = committed.error();
  }
  if (sqlite3_get_autocommit(connection) == 0) {
    static_cast<void>(execute(connection, "rollback"));
  }
  return report;
}

}  // namespace

int newest_migration() {
  return kNewest;
}

Result<MigrationReport> migrate(sqlite3* connection) {
  return migrate_in_transaction(connection, kNewest);
}

Result<MigrationReport> migrate_down(sqlite3* connection) {
  return migrate_in_transaction(connection, 0);
}

}  // namespace outbox::sqlite
