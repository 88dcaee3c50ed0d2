#include "liboutbox/enqueue_test.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <nlohmann/json.hpp>

namespace outbox {
namespace {

using test::must_exec;
using test::OutboxDatabase;
using test::value_of;
using testing::HasSubstr;

TEST_F(EnqueueTest, StoresEveryField) {
  Message message = message_of("order \"42\"' \\", R"({ "a" : 1,  "a" : 2 })");
  message.id = Uuid::parse("0192f0a1-b2c3-7d4e-8f50-617283940a5b");
  message.headers = {{"traceparent", "00-ab"}, {"quote\"d", "a\"b\\c\n\x01ü"}, {"empty", ""}};
  must_exec(connection_, "begin");
  // One message takes another statement than several.
  const auto id = outbox_.enqueue(transaction_, message);
  ASSERT_TRUE(id) << id.error().message;
  ASSERT_TRUE(outbox_.enqueue(transaction_, std::vector{message, message}));
  must_exec(connection_, "commit");

  EXPECT_EQ(id->to_string(), "0192f0a1-b2c3-7d4e-8f50-617283940a5b");
  const auto rows = must_exec(
      connection_, "select id, aggregatetype, aggregateid, type, payload, headers from outbox");
  ASSERT_EQ(rows.size(), 3);
  for (int row = 0; row < rows.size(); ++row) {
    EXPECT_EQ(rows.text(row, 0), "0192f0a1-b2c3-7d4e-8f50-617283940a5b");
    EXPECT_EQ(rows.text(row, 1), "order");
    EXPECT_EQ(rows.text(row, 2), "order \"42\"' \\");
    EXPECT_EQ(rows.text(row, 3), "OrderCreated");
    EXPECT_EQ(rows.text(row, 4), R"({ "a" : 1,  "a" : 2 })");
    const auto headers = nlohmann::json::parse(rows.text(row, 5));
    EXPECT_EQ(headers.size(), 3U);
    EXPECT_EQ(headers["traceparent"], "00-ab");
    EXPECT_EQ(headers["quote\"d"], "a\"b\\c\n\x01ü");
    EXPECT_EQ(headers["empty"], "");
  }
}

TEST_F(EnqueueTest, StoresWhenAMessageMayBeDelivered) {
  Message later = message_of("1");
  // 2026-11-26T12:00:00.000042Z
  later.available_at =
      std::chrono::system_clock::time_point{std::chrono::microseconds{1'795'694'400'000'042}};
  must_exec(connection_, "begin");
  ASSERT_TRUE(outbox_.enqueue(transaction_, later));
  ASSERT_TRUE(outbox_.enqueue(transaction_, std::vector{later, message_of("2")}));
  must_exec(connection_, "commit");
  const auto rows = must_exec(connection_,
                              "select available_at = '2026-11-26 12:00:00.000042+00' "
                              "from outbox order by seq");
  ASSERT_EQ(rows.size(), 3);
  EXPECT_EQ(rows.text(0, 0), "t");
  EXPECT_EQ(rows.text(1, 0), "t");
  EXPECT_TRUE(rows.is_null(2, 0));
}

TEST_F(EnqueueTest, MakesIdsWhereThereAreNone) {
  must_exec(connection_, "begin");
  const auto id = outbox_.enqueue(transaction_, message_of("1"));
  ASSERT_TRUE(id);
  EXPECT_EQ(value_of(connection_, "select id from outbox"), id->to_string());
}

TEST_F(EnqueueTest, MayPrepareItsStatements) {
  OutboxOptions options;
  options.prepare = true;
  const Outbox prepared{options};
  for (const std::size_t messages : {1U, 1U, 2U, 2U}) {
    must_exec(connection_, "begin");
    ASSERT_TRUE(prepared.enqueue(transaction_, std::vector<Message>(messages, message_of("a"))));
    must_exec(connection_, "commit");
  }
  EXPECT_EQ(value_of(connection_, "select count(*) from outbox"), "6");
  EXPECT_EQ(value_of(connection_, "select count(*) from pg_prepared_statements"), "2");
}

TEST_F(EnqueueTest, KeepsTheOrderOfManyMessages) {
  std::vector<Message> messages;
  for (int i = 0; i < 5'000; ++i) {
    messages.push_back(message_of(std::to_string(i * 7919 % 5'000), std::to_string(i)));
  }
  must_exec(connection_, "begin");
  const auto ids = outbox_.enqueue(transaction_, messages);
  ASSERT_TRUE(ids) << ids.error().message;
  must_exec(connection_, "commit");
  const auto rows =
      must_exec(connection_, "select id, aggregateid, payload from outbox order by seq");
  ASSERT_EQ(rows.size(), 5'000);
  for (int i = 0; i < rows.size(); ++i) {
    const auto& message = messages[static_cast<std::size_t>(i)];
    ASSERT_EQ(rows.text(i, 0), (*ids)[static_cast<std::size_t>(i)].to_string());
    ASSERT_EQ(rows.text(i, 1), message.aggregate_id);
    ASSERT_EQ(rows.text(i, 2), message.payload);
  }
}

TEST_F(EnqueueTest, NeverCommits) {
  must_exec(connection_, "begin");
  ASSERT_TRUE(outbox_.enqueue(transaction_, message_of("1")));
  EXPECT_EQ(PQtransactionStatus(connection_.raw()), PQTRANS_INTRANS);
  auto other = database_.connect();
  EXPECT_EQ(value_of(other, "select count(*) from outbox"), "0");
  must_exec(connection_, "rollback");
  EXPECT_EQ(value_of(connection_, "select count(*) from outbox"), "0");
}

TEST_F(EnqueueTest, TakesNoMessagesWithoutComplaint) {
  must_exec(connection_, "begin");
  const auto ids = outbox_.enqueue(transaction_, std::span<const Message>{});
  ASSERT_TRUE(ids);
  EXPECT_TRUE(ids->empty());
}

TEST_F(EnqueueTest, NeedsAnOpenTransaction) {
  const auto outside = outbox_.enqueue(transaction_, message_of("1"));
  ASSERT_FALSE(outside);
  EXPECT_EQ(outside.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(outside.error().message, HasSubstr("BEGIN"));
  EXPECT_EQ(value_of(connection_, "select count(*) from outbox"), "0");

  must_exec(connection_, "begin");
  ASSERT_FALSE(connection_.exec("select 1/0"));
  const auto failed = outbox_.enqueue(transaction_, message_of("1"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(failed.error().message, HasSubstr("roll it back"));
  must_exec(connection_, "rollback");

  must_exec(connection_, "begin");
  ASSERT_EQ(PQsendQuery(connection_.raw(), "select 1"), 1);
  const auto busy = outbox_.enqueue(transaction_, message_of("1"));
  ASSERT_FALSE(busy);
  EXPECT_THAT(busy.error().message, HasSubstr("another statement"));
}

TEST_F(EnqueueTest, LeavesTheTransactionAloneWhenItRefuses) {
  must_exec(connection_, "begin");
  must_exec(connection_, "create table mine ()");
  std::vector<Message> messages{message_of("1"), message_of("")};
  const auto refused = outbox_.enqueue(transaction_, messages);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(refused.error().message, HasSubstr("message 1: aggregate_id"));
  EXPECT_EQ(PQtransactionStatus(connection_.raw()), PQTRANS_INTRANS);
  must_exec(connection_, "commit");
  EXPECT_EQ(value_of(connection_, "select count(*) from mine"), "0");
  EXPECT_EQ(value_of(connection_, "select count(*) from outbox"), "0");
}

TEST_F(EnqueueTest, SaysWhenPostgresRefusesAPayload) {
  must_exec(connection_, "begin");
  const auto refused = outbox_.enqueue(transaction_, message_of("1", "not json"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::message_rejected);
  EXPECT_EQ(PQtransactionStatus(connection_.raw()), PQTRANS_INERROR);
}

TEST_F(EnqueueTest, SaysWhenTheTableIsMissing) {
  OutboxOptions options;
  options.table = "public.nowhere";
  must_exec(connection_, "begin");
  const auto missing = Outbox{options}.enqueue(transaction_, message_of("1"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_THAT(missing.error().message, HasSubstr("public.nowhere"));
}

TEST_F(EnqueueTest, SaysWhenTheConnectionIsLost) {
  must_exec(connection_, "begin");
  auto other = database_.connect();
  must_exec(other,
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()");
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto lost = outbox_.enqueue(transaction_, message_of("1"));
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code, ErrorCode::source_unavailable);
  }
}

TEST_F(EnqueueTest, RefusesAnotherClientEncoding) {
  must_exec(connection_, "set client_encoding = 'LATIN1'; ");
  must_exec(connection_, "begin");
  const auto refused = outbox_.enqueue(transaction_, message_of("1"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(refused.error().message, HasSubstr("client_encoding"));
}

TEST_F(EnqueueTest, RefusesATableNameThatIsNone) {
  OutboxOptions options;
  options.table = "outbox; drop table outbox";
  EXPECT_THROW(Outbox{options}, std::invalid_argument);
}

TEST(EnqueueToANamedTable, QuotesTheName) {
  MigrationOptions migration;
  migration.table = "public.Order-Outbox";
  const OutboxDatabase database{migration};
  auto connection = database.connect();
  must_exec(connection, "set search_path = ''");
  OutboxOptions options;
  options.table = migration.table;
  must_exec(connection, "begin");
  Transaction transaction{connection.raw()};
  const auto id = Outbox{options}.enqueue(transaction, message_of("1"));
  ASSERT_TRUE(id) << id.error().message;
  EXPECT_EQ(value_of(connection, "select count(*) from public.\"Order-Outbox\""), "1");
}

TEST_F(EnqueueTest, WorksWithAProducersPrivilegesAlone) {
  must_exec(connection_,
            "do $$ begin create role outbox_test_producer; exception when duplicate_object then "
            "end $$;"
            "grant insert (id, aggregatetype, aggregateid, type, payload, headers) "
            "on outbox to outbox_test_producer; set role outbox_test_producer");
  for (const bool lock_keys : {false, true}) {
    OutboxOptions options;
    options.lock_keys = lock_keys;
    must_exec(connection_, "begin");
    const auto id = Outbox{options}.enqueue(transaction_, message_of("1"));
    ASSERT_TRUE(id) << id.error().message;
    must_exec(connection_, "commit");
  }
  EXPECT_FALSE(
      connection_.exec("insert into outbox (id, aggregatetype, aggregateid, type, payload, "
                       "xid) values (gen_random_uuid(), 'a', 'b', 'c', '{}', '1')"));
}

}  // namespace
}  // namespace outbox
