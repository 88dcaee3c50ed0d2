// PostgreSQL dies with transactions whose WAL was not flushed. Their xids are used again, by
// others.
#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "outbox/migrations.hpp"
#include "sources/postgres_table/ownership.hpp"
#include "tests/reader/outbox_rows.hpp"
#include "tests/reader/server_faults.hpp"
#include "tests/reader/source_reader.hpp"
#include "tests/support/own_stack.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::test {
namespace {

std::int64_t next_xid(pg::Connection& connection) {
  return std::stoll(value_of(connection, "select pg_snapshot_xmax(pg_current_snapshot())"));
}

class CrashTest : public testing::Test {
 protected:
  CrashTest() {
    pg::Connection connection = connect();
    must(migrate(connection.raw(), {}));
  }

  pg::Connection connect() const { return must(pg::Connection::connect(url_)); }

  OwnStack server_{"reader-crash", "postgres"};
  std::string url_ = server_.variable("OUTBOX_TEST_POSTGRES");
  PostgresTableSource source_{source_options(url_)};
};

TEST_F(CrashTest, ReusedXidsLoseNothing) {
  std::int64_t before_the_crash = 0;
  std::string position_before_the_crash;
  std::vector<std::int64_t> read;
  {
    pg::Connection connection = connect();
    for (int i = 0; i < 20; ++i) {
      insert_rows(connection, 5);
    }
    must(source_.connect());
    read = read_seqs(source_);
    ASSERT_EQ(read.size(), 100U);
    must_exec(connection, "checkpoint");
    must_exec(connection, "set synchronous_commit = off");
    halt_wal_writer(connection);
    const pg::Connection renewals = hold_renewals(url_);
    for (int i = 0; i < 200; ++i) {
      insert_rows(connection, 1);
    }
    ASSERT_EQ(read_seqs(source_).size(), 200U) << "they were visible, and may have been sent";
    before_the_crash = next_xid(connection);
    position_before_the_crash = value_of(connection, "select pg_current_snapshot()");
    server_.kill("postgres");
  }
  EXPECT_EQ(source_.claim(100).error().code, ErrorCode::source_unavailable);
  Settlement settlement;
  settlement.through = 1;
  EXPECT_EQ(source_.settle(settlement).error().code, ErrorCode::source_unavailable);
  server_.start("postgres");

  pg::Connection connection = connect();
  ASSERT_LT(next_xid(connection), before_the_crash - 100) << "no xid was lost, nothing was tested";
  // As it would stand if it had been stored durably.
  must_exec(connection,
            "insert into outbox_progress_0 (epoch, n, shards, from_snapshot) "
            "values (1000000, 1, -1, '" +
                position_before_the_crash + "')");
  const Result<void> trusted = postgres_table::check_history(
      connection, must(postgres_table::Tables::find(connection, "outbox")));
  must_exec(connection, "delete from outbox_progress_0 where epoch = 1000000");
  ASSERT_FALSE(trusted) << "a position that the crash has undone";
  EXPECT_EQ(trusted.error().code, ErrorCode::wrong_history);

  must(source_.connect());
  for (int i = 0; i < 300; ++i) {
    insert_rows(connection, 1);
  }
  ASSERT_GT(next_xid(connection), before_the_crash);
  for (const std::int64_t seq : read_seqs(source_)) {
    read.push_back(seq);
  }
  std::sort(read.begin(), read.end());
  read.erase(std::unique(read.begin(), read.end()), read.end());
  EXPECT_THAT(read, testing::IsSupersetOf(stored_seqs(connection)));

  // The same data as a standby: its snapshots list nobody who writes.
  source_.close();
  must_exec(connection,
            "do $$ begin execute format('copy (select 1) to %L', "
            "current_setting('data_directory') || '/standby.signal'); end $$");
  server_.kill("postgres");
  server_.start("postgres");
  const Result<Exceptions> connected = source_.connect();
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, ErrorCode::conflict);
  EXPECT_THAT(connected.error().message, testing::HasSubstr("standby"));
}

}  // namespace
}  // namespace outbox::test
