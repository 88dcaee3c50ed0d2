// An outbox in PostgreSQL, for what operators do with it.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "admin/json.hpp"
#include "outbox/result.hpp"
#include "sources/postgres_table/sql.hpp"
#include "support/pg/connection.hpp"

namespace outbox::admin {

// How long a statement may take, unless its connection says otherwise.
inline constexpr std::chrono::seconds kStatementTimeout{30};

// A connection as operators' work wants it: a statement may take kStatementTimeout, a lock 5 s;
// times are UTC; what is committed is durable; nothing is compiled, which would take longer than
// all else. `application`: the name that the server shows.
[[nodiscard]] Result<pg::Connection> connect_postgres(const std::string& url,
                                                      const std::string& application);
// Of a connection that someone else has made, all of that but the statement's time.
[[nodiscard]] Result<void> set_up_session(pg::Connection& connection);

// "shop on db.example:5432", for messages.
[[nodiscard]] std::string where_is(const pg::Connection& connection);

// SQL for a timestamp as RFC 3339 in UTC, with milliseconds or microseconds; null stays null.
[[nodiscard]] std::string utc(const std::string& expression);
[[nodiscard]] std::string utc_micros(const std::string& expression);

// One thread at a time. Move-only.
class PostgresOutbox {
 public:
  // `actor`: who is to be named in the audit, "alice@host via outboxctl". not_found: there is no
  // such table.
  [[nodiscard]] static Result<PostgresOutbox> open(const std::string& url, const std::string& table,
                                                   std::string actor);
  // On a connection that is set up already.
  [[nodiscard]] static Result<PostgresOutbox> on(pg::Connection connection,
                                                 const std::string& table, std::string actor);
  // On one of a pool's, which gets it back when the last owner lets go of it.
  PostgresOutbox(std::string table, std::string actor, std::shared_ptr<pg::Connection> connection,
                 postgres_table::Tables tables);
  PostgresOutbox(PostgresOutbox&&) = default;
  PostgresOutbox& operator=(PostgresOutbox&&) = default;

  // ${outbox} and ${outbox_xyz} stand for the tables. The rows are in binary form.
  // invalid_argument: the server does not take a value. timeout, source_unavailable: trying again
  // may help. internal: whatever else it refuses, a missing privilege or table for one.
  Result<pg::Rows> query(std::string_view sql, const pg::Params& params = {});
  // The single number that a query gives.
  Result<std::int64_t> number(std::string_view sql, const pg::Params& params = {});
  // The rows of a query with one column of type json.
  Result<std::vector<Json>> documents(std::string_view sql, const pg::Params& params = {});

  // A moment as a person writes it: "2h" is two hours ago, the rest is PostgreSQL's to understand.
  // PostgreSQL's text of it; empty stays empty. invalid_argument: neither, naming `flag`.
  Result<std::string> moment(const std::string& text, const std::string& flag);
  // The database's clock, in microseconds of Unix time.
  Result<std::int64_t> now_us();
  // Of the payload column: json, jsonb, text or bytea.
  Result<std::string> payload_type();
  // For work that may take long.
  Result<void> lift_statement_timeout();

  [[nodiscard]] pg::Connection& connection() { return *connection_; }
  [[nodiscard]] const postgres_table::Tables& tables() const { return tables_; }
  [[nodiscard]] std::string where() const { return where_is(*connection_); }
  [[nodiscard]] const std::string& table() const { return table_; }
  [[nodiscard]] const std::string& actor() const { return actor_; }

 private:
  std::string table_;
  std::string actor_;
  std::shared_ptr<pg::Connection> connection_;  // never null, unless moved from
  postgres_table::Tables tables_;
};

}  // namespace outbox::admin
