// The outbox's tables, embedded in the library and applied in numbered steps.
#pragma once

#include <chrono>
#include <string>

#include "outbox/outbox.hpp"
#include "outbox/result.hpp"

namespace outbox {

struct MigrationOptions {
  // The outbox table, "outbox" or "billing.outbox"; its schema must exist. Without a schema it is
  // the first one of the connection's search_path.
  std::string table = "outbox";
  PayloadType payload_type = PayloadType::json;
  // How long a step waits for a lock before it gives up, so that writers never queue behind it.
  // 1 ms to 1 h.
  std::chrono::milliseconds lock_timeout{2'000};
};

struct MigrationReport {
  int from_version = 0;  // 0: the tables did not exist
  int to_version = 0;
};

// The version to which this library migrates.
[[nodiscard]] int newest_migration();

// Brings the database to the newest version, each step in a transaction of its own, one migrator at
// a time (an advisory lock). Running it again is a no-op. The connection must have no transaction
// open; on failure the steps before the failed one stay applied, and nothing of the failed one.
//
// invalid_argument: the table's name or the timeout, or a transaction is open.
// conflict: the database's version is newer than this library, its encoding is not UTF-8, or the
//   tables exist with another payload type.
// timeout: another migrator or a long transaction held a lock for longer than lock_timeout.
// Otherwise PostgreSQL's refusal, classified by what a caller can do.
[[nodiscard]] Result<MigrationReport> migrate(pg_conn* connection, const MigrationOptions& options);

// Removes every table, view and function that migrate made, with all messages in them, in one
// transaction; to_version is 0. A no-op where there is nothing. The payload type does not matter.
[[nodiscard]] Result<MigrationReport> migrate_down(pg_conn* connection,
                                                   const MigrationOptions& options);

}  // namespace outbox
