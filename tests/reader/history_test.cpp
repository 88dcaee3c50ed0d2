// A position is trusted only in the history that it came from.
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reader/outbox_rows.hpp"
#include "tests/reader/source_reader.hpp"

namespace outbox::test {
namespace {

using testing::HasSubstr;

class HistoryTest : public testing::Test {
 protected:
  HistoryTest() {
    insert_rows(connection_, 10);
    SourceReader reader{database_.url(), 100};
    reader.read();
  }

  OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
};

ErrorCode code_of_connect(const std::string& url) {
  PostgresTableSource source{source_options(url)};
  const Result<Exceptions> connected = source.connect();
  if (connected) {
    ADD_FAILURE() << "connected";
    return ErrorCode::internal;
  }
  EXPECT_FALSE(connected.error().message.empty());
  return connected.error().code;
}

TEST_F(HistoryTest, APositionAheadOfTheDatabaseIsRefused) {
  must_exec(connection_,
            "insert into outbox_progress_0 (epoch, n, shards, from_snapshot) select max(epoch), "
            "max(n) + 1, -1, format('%1$s:%1$s:', pg_snapshot_xmax(pg_current_snapshot())::text"
            "::bigint + 1000)::pg_snapshot from outbox_progress_0");
  EXPECT_EQ(code_of_connect(database_.url()), ErrorCode::wrong_history);
}

TEST_F(HistoryTest, ADumpThatWasRestoredIsRefusedWithTheRemedy) {
  insert_rows(connection_, 5);
  const TestDatabase restored;
  const std::string command = "pg_dump -d '" + database_.url() +
                              "' | psql -q -X -v ON_ERROR_STOP=1 -d '" + restored.url() +
                              "' >/dev/null";
  ASSERT_EQ(std::system(command.c_str()), 0);
  pg::Connection there = restored.connect();
  // The remedy rests on it.
  EXPECT_EQ(value_of(there, "select count(*) from outbox_message where status = 'processed'"),
            "10");
  EXPECT_EQ(value_of(there, "select count(*) from outbox_message where status = 'pending'"), "5");
  PostgresTableSource source{source_options(restored.url())};
  const Result<Exceptions> connected = source.connect();
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, ErrorCode::wrong_history);
  EXPECT_THAT(connected.error().message, HasSubstr("'Restoring a database'"));
}

TEST_F(HistoryTest, VacuumDoesNotChangeTheHistory) {
  must_exec(connection_, "vacuum freeze");
  must_exec(connection_, "vacuum full outbox_origin");
  SourceReader reader{database_.url(), 100};
  EXPECT_TRUE(reader.read().empty());
}

TEST_F(HistoryTest, ALostOriginIsRefused) {
  must_exec(connection_, "truncate outbox_origin");
  EXPECT_EQ(code_of_connect(database_.url()), ErrorCode::wrong_history);
}

TEST_F(HistoryTest, LostProgressIsRefused) {
  must_exec(connection_, "truncate outbox_progress_0, outbox_progress_1");
  EXPECT_EQ(code_of_connect(database_.url()), ErrorCode::wrong_history);
}

TEST(TableTest, ADatabaseWithoutTheTableSaysWhatToDo) {
  const TestDatabase empty;
  PostgresTableSource source{source_options(empty.url())};
  const Result<Exceptions> connected = source.connect();
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, ErrorCode::not_found);
  EXPECT_THAT(connected.error().message, HasSubstr("outboxctl migrate"));
}

TEST(TableTest, AnotherNameAndSchemaAreRead) {
  const TestDatabase database;
  pg::Connection connection = database.connect();
  must_exec(connection, "create schema \"Billing\"");
  MigrationOptions migration;
  migration.table = "Billing.out-box";
  must(migrate(connection.raw(), migration));
  must_exec(connection,
            "insert into \"Billing\".\"out-box\" (id, aggregatetype, aggregateid, type, payload) "
            "values (gen_random_uuid(), 'a', 'k', 't', '{\"v\": 1}')");
  PostgresTableOptions options = source_options(database.url());
  options.table = "Billing.out-box";
  PostgresTableSource source{options};
  must(source.connect());
  Settlement settlement;
  const Batch batch = must(source.claim(10));
  EXPECT_EQ(batch.records.size(), 1U);
  settlement.through = batch.number;
  must(source.settle(settlement));
}

// Debezium's five columns and the least of privileges are enough to write.
TEST(TableTest, AProducerNeedsNoMoreThanInsert) {
  OutboxDatabase database;
  pg::Connection connection = database.connect();
  const std::string role = database.name() + "_producer";
  must_exec(connection, "create role " + role +
                            "; grant insert (id, aggregatetype, aggregateid, type, payload) "
                            "on outbox to " +
                            role);
  pg::Connection producer = database.connect();
  must_exec(producer, "set role " + role);
  const Result<pg::Rows> written = producer.exec(insert_sql(1));
  EXPECT_TRUE(written) << written.error().message;
  must_exec(connection, "drop owned by " + role + "; drop role " + role);
}

}  // namespace
}  // namespace outbox::test
