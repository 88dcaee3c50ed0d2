// Applies a list of migrations; which list, tests may choose.
#pragma once

#include <span>
#include <string>

#include "liboutbox/migration_script.hpp"
#include "liboutbox/table_name.hpp"
#include "outbox/migrations.hpp"
#include "outbox/result.hpp"

namespace outbox {

// Borrows the connection and the scripts.
class Migrator {
 public:
  // Checks the options and the database, and finds the table's schema.
  [[nodiscard]] static Result<Migrator> make(pg_conn* connection, const MigrationOptions& options,
                                             std::span<const MigrationScript> scripts);

  Result<MigrationReport> up();
  Result<MigrationReport> down();

 private:
  Migrator(pg_conn* connection, MigrationOptions options, TableName table,
           std::span<const MigrationScript> scripts);

  // Inside a transaction, with the advisory lock held.
  Result<int> locked_version();
  Result<bool> apply_next(MigrationReport& report);  // false: there is none
  Result<void> remove_all(MigrationReport& report);

  Result<void> begin();
  Result<void> commit();
  void roll_back();
  Result<void> run(const std::string& sql);
  Result<std::string> filled(std::string_view sql) const;

  pg_conn* connection_;
  MigrationOptions options_;
  TableName table_;
  std::string record_;  // the quoted name of the table of applied migrations
  std::span<const MigrationScript> scripts_;
};

}  // namespace outbox
