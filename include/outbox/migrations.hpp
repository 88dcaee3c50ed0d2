// The outbox's tables, embedded in the library and applied in numbered steps.
#pragma once

#include <chrono>
#include <string>

#include "outbox/outbox.hpp"
#include "outbox/result.hpp"

namespace outbox {

struct MigrationOptions {
  std::string table = "outbox";  // the outbox table; its schema must exist
  PayloadType payload_type = PayloadType::json;
  // How long a step waits for a lock before it gives up, so that writers never queue behind it.
  std::chrono::milliseconds lock_timeout{2'000};
};

struct MigrationReport {
  int from_version = 0;  // 0: the tables did not exist
  int to_version = 0;
};

// Brings the database to the newest version, each step in a transaction of its own, one migrator at
// a time (an advisory lock). Running it again is a no-op. The connection must have no transaction
// open. Fails with conflict when the database's version is newer than this library, when the
// encoding is not UTF-8, or when the tables exist with another payload type.
[[nodiscard]] Result<MigrationReport> migrate(pg_conn* connection, const MigrationOptions& options);

// Removes every table, view and function that migrate made, with all messages in them.
[[nodiscard]] Result<void> migrate_down(pg_conn* connection, const MigrationOptions& options);

}  // namespace outbox
