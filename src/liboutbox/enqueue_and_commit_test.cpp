#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include "liboutbox/enqueue_test.hpp"

namespace outbox {
namespace {

using test::must_exec;
using test::value_of;
using testing::HasSubstr;

class EnqueueAndCommitTest : public EnqueueTest {
 protected:
  EnqueueAndCommitTest() {
    must_exec(connection_, "create table mine (i int)");
    must_exec(connection_, "begin; insert into mine values (1)");
  }

  // Runs `body` when the transaction commits.
  void at_commit(const std::string& body) {
    must_exec(other_,
              "create function at_commit() returns trigger language plpgsql as $$ begin " + body +
                  "; return null; end $$; create constraint trigger at_commit after insert on "
                  "outbox deferrable initially deferred for each row execute function at_commit()");
  }

  [[nodiscard]] PGTransactionStatusType status() const {
    return PQtransactionStatus(connection_.raw());
  }

  std::string committed() {
    return value_of(other_, "select (select count(*) from mine) || ' ' || count(*) from outbox");
  }

  pg::Connection other_ = database_.connect();
};

TEST_F(EnqueueAndCommitTest, CommitsTheChangeWithItsMessages) {
  for (const bool prepare : {false, true}) {
    OutboxOptions options;
    options.prepare = prepare;
    const Outbox outbox{options};
    for (const std::size_t messages : {1U, 1U, 2U, 2U}) {
      if (status() == PQTRANS_IDLE) must_exec(connection_, "begin");
      const auto ids =
          outbox.enqueue_and_commit(transaction_, std::vector<Message>(messages, message_of("a")));
      ASSERT_TRUE(ids) << ids.error().message;
      EXPECT_EQ(ids->size(), messages);
      EXPECT_EQ(status(), PQTRANS_IDLE);
    }
  }
  EXPECT_EQ(committed(), "1 12");
}

TEST_F(EnqueueAndCommitTest, GivesTheIdOfOneMessage) {
  const auto id = outbox_.enqueue_and_commit(transaction_, message_of("a"));
  ASSERT_TRUE(id) << id.error().message;
  EXPECT_EQ(value_of(other_, "select id from outbox"), id->to_string());
}

TEST_F(EnqueueAndCommitTest, CommitsWithoutMessages) {
  ASSERT_TRUE(outbox_.enqueue_and_commit(transaction_, std::span<const Message>{}));
  EXPECT_EQ(committed(), "1 0");
}

TEST_F(EnqueueAndCommitTest, LeavesTheTransactionOpenWhenItRefuses) {
  const auto refused = outbox_.enqueue_and_commit(transaction_, message_of(""));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(status(), PQTRANS_INTRANS);
  EXPECT_EQ(committed(), "0 0");
}

TEST_F(EnqueueAndCommitTest, CommitsNothingWhenPostgresRefusesAMessage) {
  const auto refused = outbox_.enqueue_and_commit(
      transaction_, std::vector{message_of("1"), message_of("1", "not json")});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::message_rejected);
  EXPECT_THAT(refused.error().message, HasSubstr("enqueue_and_commit: "));
  EXPECT_EQ(status(), PQTRANS_INERROR);
  must_exec(connection_, "rollback");
  EXPECT_EQ(committed(), "0 0");

  must_exec(connection_, "begin");
  EXPECT_TRUE(outbox_.enqueue_and_commit(transaction_, message_of("1")));
}

TEST_F(EnqueueAndCommitTest, SaysWhyPostgresDidNotCommit) {
  at_commit("raise 'too late' using errcode = '40001'");
  const auto failed = outbox_.enqueue_and_commit(transaction_, message_of("1"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::conflict);
  EXPECT_THAT(failed.error().message, HasSubstr("too late"));
  EXPECT_EQ(status(), PQTRANS_IDLE);
  EXPECT_EQ(committed(), "0 0");
}

TEST_F(EnqueueAndCommitTest, BlamesNoMessageForWhatCommitSays) {
  at_commit("perform 1 / 0");
  const auto failed = outbox_.enqueue_and_commit(transaction_, message_of("1"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::invalid_argument);
}

TEST_F(EnqueueAndCommitTest, SaysWhenTheConnectionIsLostInCommit) {
  at_commit("perform pg_terminate_backend(pg_backend_pid()), pg_sleep(60)");
  const auto lost = outbox_.enqueue_and_commit(transaction_, message_of("1"));
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::source_unavailable);
  EXPECT_EQ(committed(), "0 0");
}

TEST_F(EnqueueAndCommitTest, GivesUpOnACommitThatHangs) {
  at_commit("perform pg_sleep(60)");
  OutboxOptions options;
  options.answer_timeout = std::chrono::milliseconds{100};
  const auto late = Outbox{options}.enqueue_and_commit(transaction_, message_of("1"));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::source_unavailable);
  EXPECT_THAT(late.error().message, HasSubstr("100 ms"));
  EXPECT_FALSE(connection_.alive());
}

TEST_F(EnqueueTest, RefusesAConnectionInPipelineMode) {
  must_exec(connection_, "begin");
  ASSERT_EQ(PQenterPipelineMode(connection_.raw()), 1);
  for (const auto& refused : {outbox_.enqueue(transaction_, message_of("1")),
                              outbox_.enqueue_and_commit(transaction_, message_of("1"))}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(refused.error().message, HasSubstr("pipeline"));
  }
}

}  // namespace
}  // namespace outbox
