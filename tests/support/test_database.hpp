// A database of a test's own.
#pragma once

#include <string>

#include "outbox/migrations.hpp"
#include "support/pg/connection.hpp"

namespace outbox::test {

// Makes an empty UTF-8 database with a unique name on the server of OUTBOX_TEST_POSTGRES, and drops
// it at the end, whoever is still connected. Throws when it cannot, which fails the test.
class TestDatabase {
 public:
  // `create_options` follow CREATE DATABASE name, to make one of another encoding for example.
  explicit TestDatabase(const std::string& create_options = "template template0 encoding 'UTF8'");
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& url() const { return url_; }

  // A new connection; throws when it cannot connect.
  [[nodiscard]] pg::Connection connect() const;

 private:
  pg::Connection server_;
  std::string name_;
  std::string url_;
};

// A test database with the outbox's tables in it.
class OutboxDatabase : public TestDatabase {
 public:
  explicit OutboxDatabase(const MigrationOptions& options = {});
};

// Runs SQL that must succeed; the last statement's rows, in text form. Throws with the server's
// words otherwise.
pg::Rows must_exec(pg::Connection& connection, const std::string& sql);

// The single value that a query gives, as text; "" for NULL. Throws when there is not exactly one
// row.
[[nodiscard]] std::string value_of(pg::Connection& connection, const std::string& sql);

}  // namespace outbox::test
