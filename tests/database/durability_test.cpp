// What retention takes away stays done, though positions are committed asynchronously.
#include <string>

#include <gtest/gtest.h>

#include "outbox/migrations.hpp"
#include "tests/database/narrow_partitions.hpp"
#include "tests/reader/outbox_rows.hpp"
#include "tests/reader/server_faults.hpp"
#include "tests/reader/source_reader.hpp"
#include "tests/support/own_stack.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::test {
namespace {

TEST(DurabilityTest, APositionThatSomethingWasFreedByOutlivesACrash) {
  const OwnStack server{"database-durability", "postgres"};
  const std::string url = server.variable("OUTBOX_TEST_POSTGRES");
  std::string freed;  // the last transaction whose messages are freed
  PostgresTableSource source{source_options(url)};
  {
    pg::Connection connection = must(pg::Connection::connect(url));
    must(migrate(connection.raw(), {}));
    narrow_partitions(connection, 100);
    must(source.connect());
    insert_rows(connection, 250);
    freed = value_of(connection, "select max(xid::text::bigint) from outbox");
    must_exec(connection, "checkpoint");
    halt_wal_writer(connection);
    ASSERT_EQ(read_seqs(source).size(), 250U);
    must_exec(connection, "select outbox_free_partition(0, '1 ms')");
    // For comparison: a position of which nothing was made durable.
    const pg::Connection renewals = hold_renewals(url);
    must_exec(connection, "set synchronous_commit = off");
    insert_rows(connection, 20);
    ASSERT_EQ(read_seqs(source).size(), 20U);
    server.kill("postgres");
  }
  EXPECT_FALSE(source.claim(1));
  source.close();
  server.start("postgres");

  pg::Connection connection = must(pg::Connection::connect(url));
  EXPECT_EQ(filled_partitions(connection), "1 2");
  EXPECT_EQ(value_of(connection, "select bool_and(pg_visible_in_snapshot('" + freed +
                                     "', from_snapshot)) from outbox_position"),
            "t");
  EXPECT_EQ(value_of(connection, "select count(*) from outbox"), "151")
      << "nothing of the crash was lost, nothing was tested";
  must(source.connect());
  EXPECT_TRUE(read_seqs(source).empty());
}

}  // namespace
}  // namespace outbox::test
