// An outbox of the test's own on which it runs outboxctl's commands.
#pragma once

#include <cstdlib>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "outboxctl/outboxctl_run_fixture.hpp"
#include "sources/postgres_table/postgres_table_source.hpp"
#include "support/pg/connection.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::ctl {

inline PostgresTableOptions source_options(const std::string& url) {
  PostgresTableOptions options;
  options.url = url;
  options.owner = "test-relay";
  return options;
}

// Sets the environment as the tests want it, whatever the caller's is.
class OutboxctlTest : public testing::Test {
 protected:
  OutboxctlTest() {
    unsetenv("OUTBOX_SOURCE__URL");
    unsetenv("DATABASE_URL");
  }
};

// With an outbox of its own, which the commands use.
class OutboxctlDatabaseTest : public OutboxctlTest {
 protected:
  explicit OutboxctlDatabaseTest(const MigrationOptions& options = {}) : database_(options) {
    setenv("DATABASE_URL", database_.url().c_str(), 1);
  }
  ~OutboxctlDatabaseTest() override { unsetenv("DATABASE_URL"); }

  // The result of a command that must succeed, asked for as JSON.
  nlohmann::json json_of(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--format", "json"});
    const Outcome outcome = outboxctl(arguments);
    EXPECT_EQ(outcome.code, ExitCode::ok) << outcome.err;
    return outcome.code == ExitCode::ok ? outcome.json() : nlohmann::json{};
  }
  std::string value(const std::string& sql) { return test::value_of(connection_, sql); }
  void exec(const std::string& sql) { test::must_exec(connection_, sql); }
  // Writes a message of each key; their seqs are 1, 2, …
  void write(const std::vector<std::string>& keys) {
    for (const std::string& key : keys) {
      exec(
          "insert into outbox (id, aggregatetype, aggregateid, type, payload, headers) values "
          "(gen_random_uuid(), 'order', '" +
          key + "', 'OrderPaid', '{\"price\": 1}', '{\"trace\": \"t-1\"}')");
    }
  }
  // As the relay does when everything that is visible was read.
  void pass_all() {
    exec(
        "insert into outbox_progress_0 (epoch, n, shards, from_snapshot) "
        "select max(epoch), max(n) + 1, -1, pg_current_snapshot() from outbox_progress_0");
  }

  test::OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
};

}  // namespace outbox::ctl
