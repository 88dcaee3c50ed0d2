#include "outboxctl/outbox_admin.hpp"

#include <cstdlib>
#include <utility>

#include "support/sqlite/database.hpp"

namespace outbox::ctl {

Result<std::string> address_of(const CommonOptions& common) {
  if (!common.database_url.empty()) return common.database_url;
  for (const char* name : {"OUTBOX_SOURCE__URL", "DATABASE_URL"}) {
    const char* url = std::getenv(name);
    if (url != nullptr && *url != '\0') return std::string{url};
  }
  return Error{ErrorCode::invalid_argument,
               "no database is named: set DATABASE_URL=postgresql://USER@HOST/DATABASE or "
               "sqlite:PATH, or give --database"};
}

Result<std::unique_ptr<OutboxAdmin>> open_outbox(const CommonOptions& common) {
  auto address = address_of(common);
  if (!address) return std::move(address).error();
  const auto path = sqlite::path_of(*address);
  if (!path) return open_postgres(*address, common.table);
  if (common.table != "outbox") {
    return Error{ErrorCode::invalid_argument, "the outbox of a SQLite file is always 'outbox'"};
  }
  return open_sqlite(*path);
}

}  // namespace outbox::ctl
