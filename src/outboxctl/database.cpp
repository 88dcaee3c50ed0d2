#include "outboxctl/database.hpp"

#include <array>
#include <pwd.h>
#include <unistd.h>
#include <utility>

#include "outboxctl/outbox_admin.hpp"
#include "support/sqlite/database.hpp"

namespace outbox::ctl {
namespace {

std::string operating_system_user() {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer{};
  if (getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
      found != nullptr) {
    return found->pw_name;
  }
  return "uid " + std::to_string(geteuid());
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown host";
}

}  // namespace

Result<pg::Connection> connect_postgres(const std::string& url) {
  return admin::connect_postgres(url, "outboxctl");
}

Result<PostgresOutbox> open_postgres_outbox(const CommonOptions& common,
                                            const std::string& command) {
  auto address = address_of(common);
  if (!address) return std::move(address).error();
  if (sqlite::path_of(*address)) {
    return Error{ErrorCode::invalid_argument, "an outbox in a SQLite file has no '" + command +
                                                  "': it is for those in PostgreSQL"};
  }
  auto connection = connect_postgres(*address);
  if (!connection) return std::move(connection).error();
  return PostgresOutbox::on(*std::move(connection), common.table,
                            operating_system_user() + "@" + host_name() + " via outboxctl");
}

}  // namespace outbox::ctl
