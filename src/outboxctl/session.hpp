// The database that a command works on.
#pragma once

#include <string>

#include "outbox/result.hpp"
#include "outboxctl/options.hpp"
#include "support/pg/connection.hpp"

namespace outbox::ctl {

// --database, else OUTBOX_SOURCE__URL, else DATABASE_URL. invalid_argument when none is set.
[[nodiscard]] Result<std::string> database_url(const CommonOptions& common);

// A connection for people's queries, which end after 30 s.
[[nodiscard]] Result<pg::Connection> connect(const CommonOptions& common);

// "shop on db.example:5432", for messages; never the user's password.
[[nodiscard]] std::string describe(const pg::Connection& connection);

}  // namespace outbox::ctl
