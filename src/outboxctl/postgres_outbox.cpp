#include "outboxctl/postgres_outbox.hpp"

#include <array>
#include <pwd.h>
#include <unistd.h>
#include <utility>

#include <libpq-fe.h>

#include "outboxctl/outbox_admin.hpp"
#include "support/config/value.hpp"
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
  pg::ConnectOptions options;
  options.application_name = "outboxctl";
  options.statement_timeout = std::chrono::seconds{30};
  auto connection = pg::Connection::connect(url, options);
  if (!connection) return connection;
  auto set = connection->exec(
      "set timezone = 'UTC'; set lock_timeout = '5s'; set jit = off; "
      "set synchronous_commit = on");
  if (!set) return std::move(set).error();
  return connection;
}

std::string where_is(const pg::Connection& connection) {
  return std::string{PQdb(connection.raw())} + " on " + PQhost(connection.raw()) + ":" +
         PQport(connection.raw());
}

std::string utc(const std::string& expression) {
  return "to_char(" + expression + R"( at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))";
}

PostgresOutbox::PostgresOutbox(std::string table, pg::Connection connection,
                               postgres_table::Tables tables)
    : table_(std::move(table)),
      actor_(operating_system_user() + "@" + host_name() + " via outboxctl"),
      connection_(std::move(connection)),
      tables_(std::move(tables)) {}

Result<PostgresOutbox> PostgresOutbox::open(const CommonOptions& common,
                                            const std::string& command) {
  auto address = address_of(common);
  if (!address) return std::move(address).error();
  if (sqlite::path_of(*address)) {
    return Error{ErrorCode::invalid_argument, "an outbox in a SQLite file has no '" + command +
                                                  "': it is for those in PostgreSQL"};
  }
  auto connection = connect_postgres(*address);
  if (!connection) return std::move(connection).error();
  auto tables = postgres_table::Tables::find(*connection, common.table);
  if (!tables) return std::move(tables).error();
  return PostgresOutbox{common.table, *std::move(connection), *std::move(tables)};
}

Result<pg::Rows> PostgresOutbox::query(std::string_view sql, const pg::Params& params) {
  return connection_.query(tables_.sql(sql), params);
}

Result<std::int64_t> PostgresOutbox::number(std::string_view sql, const pg::Params& params) {
  auto rows = query(sql, params);
  if (!rows) return std::move(rows).error();
  return rows->int8(0, 0);
}

Result<std::vector<Json>> PostgresOutbox::documents(std::string_view sql,
                                                    const pg::Params& params) {
  auto rows = query(sql, params);
  if (!rows) return std::move(rows).error();
  std::vector<Json> documents;
  for (int row = 0; row < rows->size(); ++row)
    documents.push_back(Json::parse(rows->text(row, 0)));
  return documents;
}

Result<std::string> PostgresOutbox::moment(const std::string& text, const std::string& flag) {
  if (text.empty()) return text;
  pg::Params params;
  const auto ago = config::parse_duration(text);
  if (ago) {
    params.int8(ago->count());
  } else {
    params.text(text);
  }
  auto rows = query(ago ? "select (clock_timestamp() - $1 * interval '1 millisecond')::text"
                        : "select $1::timestamptz::text",
                    params);
  if (!rows && rows.error().code == ErrorCode::invalid_argument) {
    return Error{ErrorCode::invalid_argument,
                 flag + " takes how long ago (90s, 2h, 7d) or a time (2026-01-31T12:00:00Z)"};
  }
  if (!rows) return std::move(rows).error();
  return std::string{rows->text(0, 0)};
}

Result<std::int64_t> PostgresOutbox::now_us() {
  auto rows = query("select clock_timestamp()");
  if (!rows) return std::move(rows).error();
  return rows->unix_us(0, 0);
}

Result<std::string> PostgresOutbox::payload_type() {
  auto rows = query(
      "select atttypid::regtype::text from pg_attribute "
      "where attrelid = '${outbox}'::regclass and attname = 'payload'");
  if (!rows) return std::move(rows).error();
  if (rows->empty()) {
    return Error{ErrorCode::conflict, table_ + " has no column payload: is it an outbox?"};
  }
  return std::string{rows->text(0, 0)};
}

Result<void> PostgresOutbox::lift_statement_timeout() {
  return connection_.set_statement_timeout({});
}

}  // namespace outbox::ctl
