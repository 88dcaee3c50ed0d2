// Messages that are written into the log alone.
#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "liboutbox/enqueue_test.hpp"

namespace outbox {
namespace {

using test::must_exec;
using test::OutboxDatabase;
using test::value_of;
using testing::HasSubstr;

// As 'outboxctl source use wal' leaves it, with a slot of a test's own to look into the log.
class EmitTest : public EnqueueTest {
 public:
  EmitTest(const EmitTest&) = delete;
  EmitTest& operator=(const EmitTest&) = delete;

 protected:
  EmitTest() {
    must_exec(connection_, "select pg_create_logical_replication_slot('" + database_.name() +
                               "', 'test_decoding')");
    open();
  }
  ~EmitTest() override {
    static_cast<void>(
        connection_.exec("rollback; select pg_drop_replication_slot('" + database_.name() + "')"));
  }
  void open() { must_exec(connection_, "select setval('outbox_emit_open', 1, true)"); }
  void close() { must_exec(connection_, "select setval('outbox_emit_open', 1, false)"); }
  // Those of the log that were committed since the last look.
  std::string messages() {
    return value_of(connection_,
                    "select count(*) from pg_logical_slot_get_changes('" + database_.name() +
                        "', null, null) where data like 'message: transactional: 1 prefix: ' || "
                        "(select prefix from outbox_secret) || '%'");
  }
};

TEST_F(EmitTest, WritesIntoTheLogAndNoRow) {
  must_exec(connection_, "begin");
  const auto id = outbox_.emit(transaction_, message_of("1"));
  ASSERT_TRUE(id) << id.error().message;
  Message later = message_of("2");
  later.available_at = std::chrono::system_clock::now();
  const auto ids = outbox_.emit(transaction_, std::vector{message_of("1"), later});
  ASSERT_TRUE(ids) << ids.error().message;
  EXPECT_EQ(ids->size(), 2U);
  must_exec(connection_, "commit");
  EXPECT_EQ(messages(), "3");
  EXPECT_EQ(value_of(connection_, "select count(*) from outbox"), "0");
}

TEST_F(EmitTest, IsRolledBackWithTheTransaction) {
  must_exec(connection_, "begin");
  ASSERT_TRUE(outbox_.emit(transaction_, message_of("1")));
  must_exec(connection_, "rollback");
  EXPECT_EQ(messages(), "0");
}

TEST_F(EmitTest, FailsWhereNobodyReadsTheLog) {
  close();
  must_exec(connection_, "begin");
  const auto refused = outbox_.emit(transaction_, message_of("1"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("source use wal"));
}

TEST_F(EmitTest, FailsInATransactionWhoseSnapshotIsOlderThanTheEndOfReading) {
  must_exec(connection_, "begin isolation level repeatable read");
  must_exec(connection_, "select from outbox_control");
  pg::Connection operators = database_.connect();
  must_exec(operators, "select setval('outbox_emit_open', 1, false)");
  EXPECT_FALSE(outbox_.emit(transaction_, message_of("1")));
}

TEST_F(EmitTest, RefusesWhatEnqueueRefuses) {
  must_exec(connection_, "begin");
  const auto keyless = outbox_.emit(transaction_, message_of(""));
  ASSERT_FALSE(keyless);
  EXPECT_EQ(keyless.error().code, ErrorCode::invalid_argument);
  const auto large = outbox_.emit(transaction_, message_of("1", std::string(1'000'001, ' ')));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::invalid_argument);
  ASSERT_TRUE(outbox_.emit(transaction_, message_of("1"))) << "the transaction is as it was";
  const auto no_json = outbox_.emit(transaction_, message_of("1", "{"));
  ASSERT_FALSE(no_json);
  EXPECT_EQ(no_json.error().code, ErrorCode::message_rejected);
}

TEST_F(EmitTest, TakesEveryTypeOfPayload) {
  for (const PayloadType type : {PayloadType::jsonb, PayloadType::text, PayloadType::bytea}) {
    MigrationOptions migration;
    migration.payload_type = type;
    const OutboxDatabase database{migration};
    pg::Connection connection = database.connect();
    must_exec(connection, "select setval('outbox_emit_open', 1, true)");
    OutboxOptions options;
    options.payload_type = type;
    must_exec(connection, "begin");
    Transaction transaction{connection.raw()};
    EXPECT_TRUE(Outbox{options}.emit(transaction, message_of("1")));
    EXPECT_TRUE(Outbox{options}.emit(transaction, std::vector{message_of("1"), message_of("2")}));
    must_exec(connection, "commit");
  }
}

}  // namespace
}  // namespace outbox
