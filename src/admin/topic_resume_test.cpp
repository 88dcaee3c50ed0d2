#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/message_fixture.hpp"
#include "admin/shard_control.hpp"
#include "outbox/source.hpp"

namespace outbox::admin {
namespace {

using testing::HasSubstr;

// "orders" is paused, and 5,000 messages were delayed for that.
class TopicResumeTest : public MessageTest {
 protected:
  TopicResumeTest() {
    EXPECT_TRUE(pause_topic(outbox_, "orders", true));
    exec(
        "insert into outbox_exception (seq, shard, key, state, due_at, last_error) "
        "select 100 + i, 0, 'w' || i, 'delayed', '2030-01-01', '" +
        std::string{kPausedByOperator} + "' from generate_series(1, 5000) i");
  }
  std::string waiting() {
    return value(
        "select count(*) from outbox_exception where seq > 100 and due_at > now() + interval '1 "
        "h'");
  }
};

TEST_F(TopicResumeTest, WhatHasWaitedIsDueOnceTheRelaysKnow) {
  // As a relay does that is just settling it.
  pg::Connection other = database_.connect();
  test::must_exec(other, "begin; select from outbox_exception where seq = 200 for update");
  const std::string before = value("select clock_timestamp()");
  EXPECT_TRUE(pause_topic(outbox_, "orders", false).value());
  test::must_exec(other, "rollback");
  EXPECT_EQ(waiting(), "1") << "the one that was locked";
  EXPECT_EQ(value("select count(*) from outbox_exception where seq > 100 and seq <> 200 "
                  "and due_at < '" +
                  before + "'::timestamptz + interval '1 second'"),
            "0");
  EXPECT_EQ(value("select count(distinct xmin::text) > 2 from outbox_exception where seq > 100"),
            "t")
      << "in several transactions";
  EXPECT_EQ(value("select due_at = '2030-01-01' from outbox_exception where seq = 5"), "t")
      << "it waits for something else";
}

TEST_F(TopicResumeTest, TheTopicGoesOnEvenIfThatFails) {
  exec(
      "create function refuse() returns trigger language plpgsql as "
      "$$ begin raise 'no' using errcode = '57014'; end $$");
  exec("create trigger refuse before update on outbox_exception execute function refuse()");
  const auto resumed = pause_topic(outbox_, "orders", false);
  ASSERT_FALSE(resumed);
  EXPECT_EQ(resumed.error().code, ErrorCode::timeout);
  EXPECT_THAT(resumed.error().message, HasSubstr("the topic goes on"));
  EXPECT_EQ(value("select paused_topics from outbox_control"), "{}");
  EXPECT_EQ(value("select string_agg(action, ' ' order by id) from outbox_audit"),
            "pause-topic resume-topic");
  EXPECT_EQ(waiting(), "5000");
  exec("drop trigger refuse on outbox_exception");
  EXPECT_FALSE(pause_topic(outbox_, "orders", false).value());
  EXPECT_EQ(waiting(), "0") << "the same call does the rest";
}

}  // namespace
}  // namespace outbox::admin
