// The service's tables in SQLite.
#pragma once

#include <string>

#include "outbox/result.hpp"
#include "support/sqlite/database.hpp"

namespace outbox::orders {

// Brings the service's tables to the version that it knows, one process at a time. not_found: the
// outbox's tables are missing. conflict: the service's are at a newer version. `path` is for
// messages.
[[nodiscard]] Result<void> apply_migrations(sqlite::Database& database, const std::string& path);

}  // namespace outbox::orders
