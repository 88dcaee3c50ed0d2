#include "outboxctl/session.hpp"

#include <chrono>
#include <cstdlib>
#include <utility>

#include <libpq-fe.h>

namespace outbox::ctl {

Result<std::string> database_url(const CommonOptions& common) {
  if (!common.database_url.empty()) return common.database_url;
  for (const char* name : {"OUTBOX_SOURCE__URL", "DATABASE_URL"}) {
    const char* url = std::getenv(name);
    if (url != nullptr && *url != '\0') return std::string{url};
  }
  return Error{ErrorCode::invalid_argument,
               "no database is named: set DATABASE_URL=postgresql://USER@HOST/DATABASE, or give "
               "--database"};
}

Result<pg::Connection> connect(const CommonOptions& common) {
  auto url = database_url(common);
  if (!url) return std::move(url).error();
  pg::ConnectOptions options;
  options.application_name = "outboxctl";
  options.statement_timeout = std::chrono::seconds{30};
  return pg::Connection::connect(*url, options);
}

std::string describe(const pg::Connection& connection) {
  return std::string{PQdb(connection.raw())} + " on " + PQhost(connection.raw()) + ":" +
         PQport(connection.raw());
}

}  // namespace outbox::ctl
