// An outbox in PostgreSQL, for the commands that only such a one has.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "outbox/result.hpp"
#include "outboxctl/options.hpp"
#include "outboxctl/output.hpp"
#include "sources/postgres_table/sql.hpp"
#include "support/pg/connection.hpp"

namespace outbox::ctl {

// A connection as people's commands want it: a statement may take 30 s, a lock 5 s; times are UTC;
// what is committed is durable; nothing is compiled, which would take longer than all else.
[[nodiscard]] Result<pg::Connection> connect_postgres(const std::string& url);

// "shop on db.example:5432", for messages.
[[nodiscard]] std::string where_is(const pg::Connection& connection);

// SQL for a timestamp as RFC 3339 in UTC; null stays null.
[[nodiscard]] std::string utc(const std::string& expression);

// One thread at a time.
class PostgresOutbox {
 public:
  // invalid_argument: it is in a SQLite file, which has no `command`.
  [[nodiscard]] static Result<PostgresOutbox> open(const CommonOptions& common,
                                                   const std::string& command);

  // ${outbox} and ${outbox_xyz} stand for the tables. The rows are in binary form.
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

  [[nodiscard]] pg::Connection& connection() { return connection_; }
  [[nodiscard]] const postgres_table::Tables& tables() const { return tables_; }
  [[nodiscard]] std::string where() const { return where_is(connection_); }
  [[nodiscard]] const std::string& table() const { return table_; }
  // Who is to be named in the audit: "alice@host via outboxctl".
  [[nodiscard]] const std::string& actor() const { return actor_; }

 private:
  PostgresOutbox(std::string table, pg::Connection connection, postgres_table::Tables tables);

  std::string table_;
  std::string actor_;
  pg::Connection connection_;
  postgres_table::Tables tables_;
};

}  // namespace outbox::ctl
