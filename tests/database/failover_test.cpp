// The server goes away under a source, and comes back, or its standby takes its place.
#include <csignal>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "outbox/migrations.hpp"
#include "tests/database/standby.hpp"
#include "tests/reader/outbox_rows.hpp"
#include "tests/reader/server_faults.hpp"
#include "tests/reader/source_reader.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/own_stack.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::test {
namespace {

class RestartTest : public testing::Test {
 protected:
  OwnStack server_{"database-restart", "postgres"};
  std::string url_ = server_.variable("OUTBOX_TEST_POSTGRES");
};

TEST_F(RestartTest, TheRelayGoesOnAfterARestart) {
  PostgresTableSource source{source_options(url_)};
  pg::Connection connection = must(pg::Connection::connect(url_));
  must(migrate(connection.raw(), {}));
  insert_rows(connection, 20);
  must(source.connect());
  EXPECT_EQ(read_seqs(source).size(), 20U);
  insert_rows(connection, 30);
  const std::string pid =
      value_of(connection, "select split_part(pg_read_file('postmaster.pid'), e'\\n', 1)");
  ASSERT_EQ(::kill(std::stoi(pid), SIGINT), 0) << "PostgreSQL's fast shutdown";
  ASSERT_TRUE(eventually([&] { return !source.claim(100); }));
  EXPECT_EQ(source.claim(100).error().code, ErrorCode::source_unavailable);
  source.close();
  ASSERT_TRUE(eventually([&] { return ::kill(std::stoi(pid), 0) != 0; }));
  server_.start("postgres");
  must(source.connect());
  EXPECT_EQ(read_seqs(source).size(), 30U);
}

class FailoverTest : public testing::Test {
 protected:
  FailoverTest() {
    pg::Connection connection = primary();
    must(migrate(connection.raw(), {}));
    insert_rows(connection, 100);
    must(source_.connect());
    EXPECT_EQ(read_seqs(source_).size(), 100U);
  }

  pg::Connection primary() const { return must(pg::Connection::connect(url_)); }

  // The primary dies, and its standby takes over.
  void fail_over() {
    server_.kill("postgres");
    EXPECT_EQ(source_.claim(100).error().code, ErrorCode::source_unavailable);
    source_.close();
    standby_.promote();
  }

  OwnStack server_{"database-failover", "postgres"};
  std::string url_ = server_.variable("OUTBOX_TEST_POSTGRES");
  Standby standby_{url_, server_.logs() + "/standby.log"};
  PostgresTableSource source_{source_options(standby_.url_of_either())};
};

TEST_F(FailoverTest, TheRelayGoesOnFromTheSamePosition) {
  std::vector<std::int64_t> unread;
  {
    pg::Connection connection = primary();
    insert_rows(connection, 50);
    unread = stored_seqs(connection);
    unread.erase(unread.begin(), unread.begin() + 100);
  }
  standby_.wait_until_it_has_all_of(url_);
  PostgresTableSource of_standby{source_options(standby_.url())};
  const Result<Exceptions> refused = of_standby.connect();
  ASSERT_FALSE(refused) << "its snapshots list nobody who writes";
  EXPECT_EQ(refused.error().code, ErrorCode::conflict) << "it may be promoted: try again";
  EXPECT_THAT(refused.error().message, testing::HasSubstr("standby"));

  fail_over();
  must(source_.connect());
  EXPECT_EQ(read_seqs(source_), unread) << "no more and no less";
  pg::Connection promoted = must(pg::Connection::connect(standby_.url()));
  insert_rows(promoted, 30);
  EXPECT_EQ(read_seqs(source_).size(), 30U);
}

// Replication is asynchronous: the promoted server never had the last transactions. What it has is
// delivered all the same, though xids and seqs are used a second time.
TEST_F(FailoverTest, WhatTheStandbyHadNotReceivedHidesNothing) {
  standby_.wait_until_it_has_all_of(url_);
  standby_.stop_receiving();
  {
    pg::Connection connection = primary();
    insert_rows(connection, 40);
    EXPECT_EQ(read_seqs(source_).size(), 40U) << "sent, and gone with the primary";
  }
  fail_over();
  must(source_.connect());
  pg::Connection promoted = must(pg::Connection::connect(standby_.url()));
  ASSERT_EQ(value_of(promoted, "select count(*) from outbox"), "100");
  for (int i = 0; i < 60; ++i) {
    insert_rows(promoted, 1);
  }
  std::vector<std::int64_t> read = read_seqs(source_);
  std::vector<std::int64_t> written = stored_seqs(promoted);
  written.erase(written.begin(), written.begin() + 100);
  EXPECT_THAT(read, testing::IsSupersetOf(written));
}

}  // namespace
}  // namespace outbox::test
