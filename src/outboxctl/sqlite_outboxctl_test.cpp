// The commands on a SQLite file; what they print is tested on PostgreSQL.
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "outbox/sqlite.hpp"
#include "outboxctl/outboxctl_run_fixture.hpp"
#include "support/sqlite/database.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::ctl {
namespace {

using testing::HasSubstr;

class SqliteOutboxctlTest : public testing::Test {
 protected:
  // The exit code; what was printed is in text_.
  ExitCode outboxctl(std::vector<std::string> arguments) {
    arguments.emplace_back("--database");
    arguments.push_back("sqlite:" + path_);
    const Outcome outcome = ctl::outboxctl(std::move(arguments));
    text_ = outcome.out + outcome.err;
    return outcome.code;
  }
  nlohmann::json json() const { return nlohmann::json::parse(text_); }

  test::TemporaryFolder folder_;
  std::string path_ = folder_.path() / "shop.db";
  std::string text_;
};

TEST_F(SqliteOutboxctlTest, MigratesUpAndDown) {
  EXPECT_EQ(outboxctl({"status"}), ExitCode::unreachable) << "no command but migrate makes a file";
  ASSERT_EQ(outboxctl({"migrate"}), ExitCode::ok) << text_;
  EXPECT_THAT(text_, HasSubstr("migrated from version 0 to 1"));
  ASSERT_EQ(outboxctl({"migrate", "--format", "json"}), ExitCode::ok) << text_;
  EXPECT_EQ(json()["from_version"], 1);
  EXPECT_EQ(outboxctl({"migrate", "--table", "other"}), ExitCode::usage);
  ASSERT_EQ(outboxctl({"migrate", "--down", "--yes"}), ExitCode::ok) << text_;
  EXPECT_EQ(outboxctl({"messages"}), ExitCode::failed);
  EXPECT_THAT(text_, HasSubstr("outboxctl migrate"));
}

TEST_F(SqliteOutboxctlTest, ShowsStatusAndMessages) {
  ASSERT_EQ(outboxctl({"migrate"}), ExitCode::ok);
  auto database = sqlite::Database::open(path_, {});
  ASSERT_TRUE(database);
  ASSERT_TRUE(database->exec("begin immediate"));
  sqlite::Transaction transaction{database->raw()};
  for (const char* key : {"done", "failing", "failing", "new"}) {
    Message message;
    message.aggregate_type = "order";
    message.aggregate_id = key;
    message.type = "OrderCreated";
    message.payload = "{}";
    ASSERT_TRUE(sqlite::Outbox{}.enqueue(transaction, message));
  }
  ASSERT_TRUE(database->exec(
      "commit; update outbox_position set last_seq = 3, epoch = 1, owner = 'relay-7';"
      "insert into outbox_receipt values (1, 'order-events', 3, 77, 0);"
      "insert into outbox_exception "
      "(seq, until_seq, due_at, attempts, state, holds_key, key, last_error) values "
      "(2, null, 1893456000000000, 2, 'retrying', 1, 'failing', 'no such topic'), "
      "(3, 3, null, 0, 'held', 1, 'failing', null)"));

  ASSERT_EQ(outboxctl({"status", "--format", "json"}), ExitCode::ok) << text_;
  EXPECT_EQ(json()["pending"], 1);
  EXPECT_EQ(json()["retrying"], 1);
  EXPECT_EQ(json()["held_keys"], 1);
  EXPECT_EQ(json()["processed"], 1);
  EXPECT_EQ(json()["relay"]["owner"], "relay-7");
  EXPECT_EQ(json()["positions"][0]["last_seq"], 3);

  ASSERT_EQ(outboxctl({"messages", "--format", "json"}), ExitCode::ok) << text_;
  std::string statuses;
  for (const auto& message : json())
    statuses += message["status"].get<std::string>() + " ";
  EXPECT_EQ(statuses, "pending held retrying processed ");
  EXPECT_EQ(json()[3]["offset"], 77);
  EXPECT_EQ(json()[2]["due_at"], "2030-01-01T00:00:00.000Z");
  for (const std::string status : {"pending", "held", "retrying", "processed"}) {
    ASSERT_EQ(outboxctl({"messages", "--format", "json", "--status", status}), ExitCode::ok);
    ASSERT_EQ(json().size(), 1U) << status;
    EXPECT_EQ(json()[0]["status"], status);
  }
}

TEST_F(SqliteOutboxctlTest, SaysWhichCommandsItDoesNotHave) {
  ASSERT_EQ(outboxctl({"migrate"}), ExitCode::ok);
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"dead-letters", "list"}, {"dead-letters", "retry", "1"}}) {
    EXPECT_EQ(outboxctl(command), ExitCode::usage);
    EXPECT_THAT(text_, HasSubstr("SQLite file has no '" + command[0]));
  }
}

}  // namespace
}  // namespace outbox::ctl
