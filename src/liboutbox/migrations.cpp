#include "outbox/migrations.hpp"

#include <string_view>
#include <utility>

#include <libpq-fe.h>

#include "liboutbox/migrator.hpp"

namespace outbox {

int newest_migration() {
  return static_cast<int>(embedded_migrations().size());
}

Result<MigrationReport> migrate(PGconn* connection, const MigrationOptions& options) {
  auto migrator = Migrator::make(connection, options, embedded_migrations());
  if (!migrator) return std::move(migrator).error();
  return migrator->up();
}

Result<MigrationReport> migrate_down(PGconn* connection, const MigrationOptions& options) {
  auto migrator = Migrator::make(connection, options, embedded_migrations());
  if (!migrator) return std::move(migrator).error();
  return migrator->down();
}

}  // namespace outbox
