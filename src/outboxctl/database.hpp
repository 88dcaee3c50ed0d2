// The outbox in PostgreSQL that the command line names.
#pragma once

#include <string>

#include "admin/postgres_outbox.hpp"
#include "outbox/result.hpp"
#include "outboxctl/options.hpp"

namespace outbox::ctl {

using admin::PostgresOutbox;

// As admin::connect_postgres, under outboxctl's name.
[[nodiscard]] Result<pg::Connection> connect_postgres(const std::string& url);

// invalid_argument: it is in a SQLite file, which has no `command`. The audit will name the user of
// the operating system.
[[nodiscard]] Result<PostgresOutbox> open_postgres_outbox(const CommonOptions& common,
                                                          const std::string& command);

}  // namespace outbox::ctl
