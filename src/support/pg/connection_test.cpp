#include "support/pg/connection.hpp"

#include <chrono>
#include <csignal>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/environment.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::pg {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using test::must_exec;
using test::TestDatabase;
using test::value_of;
using testing::HasSubstr;
using testing::Not;

class ConnectionTest : public testing::Test {
 protected:
  TestDatabase database_;
  Connection connection_ = database_.connect();
};

TEST_F(ConnectionTest, SendsAndReadsEachTypeInBinary) {
  const auto uuid = Uuid{{0x01, 0x92, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
  Params params;
  params.int8(-5'000'000'000).int4(-7).boolean(true).bytea("\0\x01'\\"s).uuid(uuid);
  params.unix_us(1'700'000'000'000'001).text("grüße \"'\\").text(std::nullopt);
  auto rows = connection_.query(
      "select $1, $2, $3, $4, $5, $6, $7::text, $8::text, $6 = "
      "'2023-11-14 22:13:20.000001+00'::timestamptz, 12::smallint, $5::text",
      params);
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(rows->int8(0, 0), -5'000'000'000);
  EXPECT_EQ(rows->int8(0, 1), -7);
  EXPECT_TRUE(rows->boolean(0, 2));
  EXPECT_EQ(rows->text(0, 3), "\0\x01'\\"s);
  EXPECT_EQ(rows->uuid(0, 4), uuid);
  EXPECT_EQ(rows->unix_us(0, 5), 1'700'000'000'000'001);
  EXPECT_EQ(rows->text(0, 6), "grüße \"'\\");
  EXPECT_TRUE(rows->is_null(0, 7));
  EXPECT_TRUE(rows->boolean(0, 8));
  EXPECT_EQ(rows->int8(0, 9), 12);
  EXPECT_EQ(rows->text(0, 10), "01920304-0506-0708-090a-0b0c0d0e0f10");
}

TEST_F(ConnectionTest, ReadsTextResultsWithTheSameAccessors) {
  const Rows rows = must_exec(connection_, "select -42::bigint, true, false, 'x'");
  EXPECT_EQ(rows.int8(0, 0), -42);
  EXPECT_TRUE(rows.boolean(0, 1));
  EXPECT_FALSE(rows.boolean(0, 2));
  EXPECT_EQ(rows.text(0, 3), "x");
}

TEST_F(ConnectionTest, SendsArraysOfEachType) {
  Array int2s{Type::int2}, int4s{Type::int4}, int8s{Type::int8}, texts{Type::text},
      byteas{Type::bytea}, uuids{Type::uuid}, times{Type::timestamptz}, none{Type::int8};
  int2s.int2(-2);
  int4s.int4(70'000);
  int8s.int8(1LL << 40);
  texts.bytes("a,\"b\"{}");
  texts.null();
  byteas.bytes("\0\xff"s);
  uuids.uuid(Uuid{{0xff}});
  times.unix_us(0);
  Params params;
  params.array(int2s).array(int4s).array(int8s).array(texts).array(byteas).array(uuids);
  params.array(times).array(none);
  auto rows = connection_.query(
      "select $1::text, $2::text, $3::text, $4[1], $4[2] is null, $5[1], $6[1], "
      "extract(epoch from $7[1])::bigint, cardinality($8)",
      params, Format::text);
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(rows->text(0, 0), "{-2}");
  EXPECT_EQ(rows->text(0, 1), "{70000}");
  EXPECT_EQ(rows->text(0, 2), "{1099511627776}");
  EXPECT_EQ(rows->text(0, 3), "a,\"b\"{}");
  EXPECT_EQ(rows->text(0, 4), "t");
  EXPECT_EQ(rows->text(0, 5), "\\x00ff");
  EXPECT_EQ(rows->text(0, 6), "ff000000-0000-0000-0000-000000000000");
  EXPECT_EQ(rows->text(0, 7), "0");
  EXPECT_EQ(rows->text(0, 8), "0");
}

TEST_F(ConnectionTest, RunsPreparedStatements) {
  ASSERT_TRUE(connection_.prepare("double", "select $1::bigint * 2"));
  Params params;
  params.int8(21);
  auto rows = connection_.query_prepared("double", params);
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(rows->int8(0, 0), 42);
}

TEST_F(ConnectionTest, SaysWhatTheServerSaid) {
  auto rows = connection_.query("select * from nowhere");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::not_found);
  EXPECT_THAT(rows.error().message, HasSubstr("relation \"nowhere\" does not exist"));
  EXPECT_TRUE(connection_.sqlstate() == "42P01");
  ASSERT_TRUE(connection_.exec("select 1"));
  EXPECT_TRUE(connection_.sqlstate() == "");
}

TEST_F(ConnectionTest, DoesNotQuoteDataInErrors) {
  must_exec(connection_, "create table t (id text primary key); insert into t values ('private')");
  auto rows = connection_.query("insert into t values ('private')");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::conflict);
  EXPECT_THAT(rows.error().message, Not(HasSubstr("private")));
}

TEST_F(ConnectionTest, ReportsALostConnection) {
  must_exec(connection_, "select 1");
  auto other = database_.connect();
  must_exec(other,
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()");
  auto rows = connection_.query("select 1");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::source_unavailable);
  EXPECT_FALSE(connection_.alive());
  EXPECT_EQ(connection_.exec("select 1").error().code, ErrorCode::source_unavailable);
}

TEST_F(ConnectionTest, EndsAStatementThatTakesTooLong) {
  ConnectOptions options;
  options.statement_timeout = 50ms;
  auto connection = Connection::connect(database_.url(), options);
  ASSERT_TRUE(connection);
  auto rows = connection->exec("select pg_sleep(60)");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::timeout);
}

TEST_F(ConnectionTest, AStatementMayTakeLongOnceItsTimeoutIsLifted) {
  ConnectOptions options;
  options.statement_timeout = 50ms;
  auto connection = Connection::connect(database_.url(), options);
  ASSERT_TRUE(connection);
  EXPECT_GT(connection->answer_timeout(), 50ms);
  ASSERT_TRUE(connection->set_statement_timeout(0ms));
  EXPECT_TRUE(connection->exec("select pg_sleep(0.2)"));
  EXPECT_EQ(connection->answer_timeout(), 0ms) << "the client would give it up";
}

TEST_F(ConnectionTest, RefusesCopy) {
  must_exec(connection_, "create table t (n int)");
  auto rows = connection_.exec("copy t to stdout");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::invalid_argument);
}

TEST_F(ConnectionTest, SetsNameTimeoutsAndEncoding) {
  ConnectOptions options;
  options.application_name = "checker";
  auto connection = Connection::connect(database_.url(), options);
  ASSERT_TRUE(connection);
  EXPECT_EQ(value_of(*connection, "show application_name"), "checker");
  EXPECT_EQ(value_of(*connection, "show client_encoding"), "UTF8");
}

TEST_F(ConnectionTest, LetsTheUrlOverrideTheDefaults) {
  const char separator = database_.url().find('?') == std::string::npos ? '?' : '&';
  auto connection = Connection::connect(database_.url() + separator + "application_name=mine");
  ASSERT_TRUE(connection) << connection.error().message;
  EXPECT_EQ(value_of(*connection, "show application_name"), "mine");
}

TEST(Connect, NeverShowsThePassword) {
  for (const std::string url : {"postgresql://app:s3cret@127.0.0.1:1/orders",
                                "postgresql://app:s3cret@no-such-host.invalid/orders",
                                "postgresql://app:s3cret/x@127.0.0.1:1/orders"}) {
    auto connection = Connection::connect(url);
    ASSERT_FALSE(connection);
    EXPECT_THAT(connection.error().message, Not(HasSubstr("s3cret")));
  }
}

TEST_F(ConnectionTest, WakesOnANotification) {
  must_exec(connection_, "listen bell");
  auto none = connection_.wait_notification(1ms);
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  auto other = database_.connect();
  must_exec(other, "notify bell");
  auto some = connection_.wait_notification(10s);
  ASSERT_TRUE(some);
  EXPECT_TRUE(*some);
}

TEST_F(ConnectionTest, GivesUpAServerThatDoesNotAnswer) {
  SqlState sqlstate;
  const auto late =
      query(connection_.raw(), "select pg_sleep(60)", {}, Format::binary, &sqlstate, 50ms);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::source_unavailable);
  EXPECT_THAT(late.error().message, HasSubstr("not answered within 50 ms"));
  EXPECT_FALSE(connection_.alive());
  EXPECT_FALSE(connection_.exec("select 1"));
}

TEST_F(ConnectionTest, GivesUpAServerThatTakesNoMoreBytes) {
  const int backend = std::stoi(value_of(connection_, "select pg_backend_pid()"));
  ASSERT_EQ(kill(backend, SIGSTOP), 0);
  Params params;
  params.bytea(std::string(64 * 1024 * 1024, 'x'));
  const auto late =
      query(connection_.raw(), "select length($1)", params, Format::binary, nullptr, 200ms);
  ASSERT_EQ(kill(backend, SIGCONT), 0);
  ASSERT_FALSE(late);
  EXPECT_THAT(late.error().message, HasSubstr("not answered within 200 ms"));
}

TEST_F(ConnectionTest, TransactionRollsBackUnlessCommitted) {
  must_exec(connection_, "create table t (n int)");
  {
    auto tx = Tx::begin(connection_);
    ASSERT_TRUE(tx);
    must_exec(tx->connection(), "insert into t values (1)");
    EXPECT_FALSE(connection_.idle());
  }
  EXPECT_TRUE(connection_.idle());
  EXPECT_EQ(value_of(connection_, "select count(*) from t"), "0");
  {
    auto tx = Tx::begin(connection_);
    ASSERT_TRUE(tx);
    must_exec(tx->connection(), "insert into t values (1)");
    ASSERT_TRUE(tx->commit());
    EXPECT_EQ(tx->commit().error().code, ErrorCode::invalid_argument);
  }
  EXPECT_EQ(value_of(connection_, "select count(*) from t"), "1");
}

TEST_F(ConnectionTest, CommitOfAFailedTransactionIsAnError) {
  auto tx = Tx::begin(connection_);
  ASSERT_TRUE(tx);
  ASSERT_FALSE(connection_.exec("select 1/0"));
  auto committed = tx->commit();
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().code, ErrorCode::conflict);
}

TEST(QuoteIdentifier, DoublesQuotes) {
  EXPECT_EQ(quote_identifier("outbox"), "\"outbox\"");
  EXPECT_EQ(quote_identifier("a\"; drop"), "\"a\"\"; drop\"");
}

}  // namespace
}  // namespace outbox::pg
