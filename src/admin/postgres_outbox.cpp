#include "admin/postgres_outbox.hpp"

#include <utility>

#include <libpq-fe.h>

#include "support/config/value.hpp"

namespace outbox::admin {

Result<pg::Connection> connect_postgres(const std::string& url, const std::string& application) {
  pg::ConnectOptions options;
  options.application_name = application;
  options.statement_timeout = kStatementTimeout;
  auto connection = pg::Connection::connect(url, options);
  if (!connection) return connection;
  if (auto set = set_up_session(*connection); !set) return std::move(set).error();
  return connection;
}

Result<void> set_up_session(pg::Connection& connection) {
  auto set = connection.exec(
      "set timezone = 'UTC'; set lock_timeout = '5s'; set jit = off; "
      "set synchronous_commit = on");
  return set ? Result<void>{} : Result<void>{std::move(set).error()};
}

std::string where_is(const pg::Connection& connection) {
  return std::string{PQdb(connection.raw())} + " on " + PQhost(connection.raw()) + ":" +
         PQport(connection.raw());
}

std::string utc(const std::string& expression) {
  return "to_char(" + expression + R"( at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))";
}

std::string utc_micros(const std::string& expression) {
  return "to_char(" + expression + R"( at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))";
}

namespace {

// Only about values is the server right to blame whoever asks, and our own statements are right for
// tables that are as we made them: the rest is for whoever runs the database, or to be tried again.
ErrorCode code_for_people(ErrorCode code, const pg::SqlState& state) {
  if (code != ErrorCode::invalid_argument && code != ErrorCode::not_found &&
      code != ErrorCode::conflict) {
    return code;
  }
  if (state.view().starts_with("22")) return code;
  // A deadlock or what would not have been serial: others were in the way.
  if (state.view().starts_with("40")) return ErrorCode::timeout;
  return ErrorCode::internal;
}

}  // namespace

PostgresOutbox::PostgresOutbox(std::string table, std::string actor,
                               std::shared_ptr<pg::Connection> connection,
                               postgres_table::Tables tables)
    : table_(std::move(table)),
      actor_(std::move(actor)),
      connection_(std::move(connection)),
      tables_(std::move(tables)) {}

Result<PostgresOutbox> PostgresOutbox::open(const std::string& url, const std::string& table,
                                            std::string actor) {
  auto connection = connect_postgres(url, "outbox-admin");
  if (!connection) return std::move(connection).error();
  return on(*std::move(connection), table, std::move(actor));
}

Result<PostgresOutbox> PostgresOutbox::on(pg::Connection connection, const std::string& table,
                                          std::string actor) {
  auto tables = postgres_table::Tables::find(connection, table);
  if (!tables) return std::move(tables).error();
  return PostgresOutbox{table, std::move(actor),
                        std::make_shared<pg::Connection>(std::move(connection)),
                        *std::move(tables)};
}

Result<pg::Rows> PostgresOutbox::query(std::string_view sql, const pg::Params& params) {
  auto rows = connection_->query(tables_.sql(sql), params);
  if (rows) return rows;
  Error error = std::move(rows).error();
  error.code = code_for_people(error.code, connection_->sqlstate());
  return error;
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
  return connection_->set_statement_timeout({});
}

}  // namespace outbox::admin
