#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "outbox/sqlite.hpp"
#include "support/sqlite/database.hpp"

namespace outbox::sqlite {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

Message message_of(std::string key, std::string payload = "{}") {
  Message message;
  message.aggregate_type = "order";
  message.aggregate_id = std::move(key);
  message.type = "OrderCreated";
  message.payload = std::move(payload);
  message.headers = {{"traceparent", "00-1"}};
  return message;
}

class SqliteEnqueueTest : public testing::Test {
 protected:
  SqliteEnqueueTest() : database_(std::move(Database::open(":memory:", {})).value()) {
    EXPECT_TRUE(migrate(database_.raw()));
  }
  Result<std::vector<Uuid>> enqueue(const std::vector<Message>& messages) {
    Transaction transaction{database_.raw()};
    return outbox_.enqueue(transaction, messages);
  }
  std::int64_t rows() { return *database_.integer("select count(*) from outbox"); }

  Database database_;
  Outbox outbox_;
};

TEST_F(SqliteEnqueueTest, WritesInTheCallersTransaction) {
  ASSERT_TRUE(database_.exec("begin immediate"));
  ASSERT_TRUE(enqueue({message_of("1"), message_of("2")}));
  EXPECT_EQ(rows(), 2);
  ASSERT_TRUE(database_.exec("rollback"));
  EXPECT_EQ(rows(), 0);
  ASSERT_TRUE(database_.exec("begin immediate"));
  const auto ids = enqueue({message_of("1"), message_of("2")});
  ASSERT_TRUE(ids);
  ASSERT_TRUE(database_.exec("commit"));
  auto row = database_.prepare("select id, aggregateid, headers from outbox order by seq");
  ASSERT_TRUE(row);
  for (std::size_t i = 0; i < 2; ++i) {
    ASSERT_TRUE(*row->step());
    EXPECT_EQ(row->text(0), ids->at(i).to_string());
    EXPECT_EQ(row->text(1), std::to_string(i + 1));
    EXPECT_EQ(row->text(2), R"({"traceparent":"00-1"})");
  }
}

TEST_F(SqliteEnqueueTest, StoresWhenAMessageMayBeDelivered) {
  Message later = message_of("1");
  later.available_at =
      std::chrono::system_clock::time_point{std::chrono::microseconds{1'795'694'400'000'042}};
  ASSERT_TRUE(database_.exec("begin immediate"));
  ASSERT_TRUE(enqueue({later, message_of("2")}));
  ASSERT_TRUE(database_.exec("commit"));
  EXPECT_EQ(*database_.integer("select available_at from outbox where seq = 1"),
            1'795'694'400'000'042);
  EXPECT_EQ(*database_.integer("select count(*) from outbox where available_at is null"), 1);
}

TEST_F(SqliteEnqueueTest, RefusesWithoutATransaction) {
  EXPECT_EQ(enqueue({message_of("1")}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(rows(), 0);
}

TEST_F(SqliteEnqueueTest, KeepsAnyPayload) {
  const std::vector<std::string> payloads{"",         "{}",    "\0a"s,
                                          "\xff\xfe", "grüße", "{\"a\":\"\\u0000\"}"};
  ASSERT_TRUE(database_.exec("begin immediate"));
  for (const std::string& payload : payloads)
    ASSERT_TRUE(enqueue({message_of("1", payload)}));
  ASSERT_TRUE(database_.exec("commit"));
  auto row = database_.prepare("select payload, typeof(payload) from outbox order by seq");
  for (const std::string& payload : payloads) {
    ASSERT_TRUE(*row->step());
    EXPECT_EQ(row->text(0), payload);
  }
  EXPECT_EQ(*database_.integer("select count(*) from outbox where typeof(payload) = 'blob'"), 2);
}

TEST_F(SqliteEnqueueTest, IsAllOrNoneAndLeavesTheTransactionAsItWas) {
  ASSERT_TRUE(
      database_.exec("create trigger t before insert on outbox when new.aggregateid = 'bad' "
                     "begin select raise(abort, 'bad key'); end"));
  ASSERT_TRUE(database_.exec("begin immediate; create table mine (a)"));
  const auto refused = enqueue({message_of("1"), message_of("bad")});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("bad key"));
  EXPECT_EQ(enqueue({message_of("1"), message_of("")}).error().code, ErrorCode::invalid_argument);
  ASSERT_TRUE(enqueue({message_of("2")}));
  ASSERT_TRUE(database_.exec("commit"));
  EXPECT_EQ(rows(), 1);
  EXPECT_EQ(*database_.integer("select count(*) from mine"), 0);
}

TEST_F(SqliteEnqueueTest, SaysThatTheTablesAreMissing) {
  ASSERT_TRUE(migrate_down(database_.raw()));
  ASSERT_TRUE(database_.exec("begin immediate"));
  EXPECT_EQ(enqueue({message_of("1")}).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace outbox::sqlite
