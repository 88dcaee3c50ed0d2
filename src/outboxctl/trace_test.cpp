#include "outboxctl/outboxctl_fixture.hpp"

namespace outbox::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

class TraceTest : public OutboxctlDatabaseTest {
 protected:
  nlohmann::json trace(const std::string& name) { return json_of({"trace", name}); }
};

TEST_F(TraceTest, ShowsTheWholeWay) {
  write({"a"});
  pass_all();
  exec(
      "insert into outbox_attempt (seq, attempt, relay, error, failed_at) values "
      "(1, 1, 'relay-1', 'too\x1b large', '2030-01-01')");
  exec(
      "insert into outbox_audit (actor, action, seq, key, details, at) values ('eve@host', "
      "'edit', 1, 'a', '{\"before\": \"s3cret\", \"encoding\": \"text\"}', '2031-01-01')");
  exec(
      "insert into outbox_receipt_run (first_seq, last_seq, topic, \"partition\", first_offset, "
      "processed_at) values "
      "(1, 1, 'orders', 3, 78, '2033-01-01'), (1, 1, 'orders', 3, 77, '2032-01-01')");
  const auto messages = trace("1");
  ASSERT_EQ(messages.size(), 1U);
  const auto& message = messages[0];
  EXPECT_EQ(message["status"], "processed");
  EXPECT_EQ(message["passed"], true);
  EXPECT_EQ(message["exception"], nullptr);
  EXPECT_EQ(message["transaction"].dump(), value("select xid from outbox"));
  EXPECT_EQ(message["payload_bytes"], 12);
  EXPECT_EQ(message["failures"][0]["relay"], "relay-1");
  ASSERT_EQ(message["receipts"].size(), 2U);
  EXPECT_EQ(message["receipts"][0]["offset"], 77);
  EXPECT_EQ(message["audit"][0]["actor"], "eve@host");

  const std::string text = outboxctl({"trace", "1"}).out;
  const auto at = [&](const std::string& part) {
    EXPECT_THAT(text, HasSubstr(part));
    return text.find(part);
  };
  EXPECT_LT(at("written"), at("too\\x1b large"));
  EXPECT_LT(at("too\\x1b large"), at("eve@host"));
  EXPECT_LT(at("eve@host"), at("orders[3]@77"));
  EXPECT_LT(at("orders[3]@77"), at("orders[3]@78"));
  EXPECT_THAT(text, Not(HasSubstr("s3cret"))) << "payloads are for export alone";
}

TEST_F(TraceTest, SaysWhereAMessageStands) {
  write({"a", "a", "b", "c", "d"});
  pass_all();
  write({"e"});
  exec(
      "insert into outbox_exception (seq, until_seq, shard, key, state, holds_key, attempts, "
      "last_error, replay, due_at, topic) values "
      "(1, null, 0, 'a', 'dead', true, 20, 'too large', false, null, null), "
      "(2, 2, 0, 'a', 'held', true, 0, null, false, null, null), "
      "(3, null, 0, 'b', 'delayed', false, 0, null, false, '2030-01-01', null), "
      "(4, null, 0, 'c', 'delayed', false, 0, null, true, '2030-01-01', 'again')");
  const auto standing = [&](const std::string& seq) { return outboxctl({"trace", seq}).out; };
  EXPECT_THAT(standing("1"), HasSubstr("dead, after 20 attempts: too large"));
  EXPECT_THAT(standing("2"), HasSubstr("held behind 1, which is dead"));
  EXPECT_THAT(standing("3"), HasSubstr("delayed, due at 2030-01-01T00:00:00.000000Z"));
  EXPECT_THAT(standing("4"), HasSubstr("processed; its replay is delayed, due at 2030-01-01"));
  EXPECT_THAT(standing("4"), HasSubstr("to again"));
  EXPECT_THAT(standing("5"), HasSubstr("processed"));
  EXPECT_THAT(standing("6"), HasSubstr("pending: no relay has read past it"));
  EXPECT_EQ(trace("6")[0]["passed"], false);
}

TEST_F(TraceTest, ShowsAllRowsOfAnId) {
  write({"a", "b", "c"});
  exec("update outbox set id = '018f2c6e-0000-7000-8000-000000000001' where seq <> 2");
  const auto messages = trace("018f2c6e-0000-7000-8000-000000000001");
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0]["seq"], 1);
  EXPECT_EQ(messages[1]["seq"], 3);
}

TEST_F(TraceTest, ShowsWhatIsLeftOfARowThatWasRemoved) {
  write({"a"});
  pass_all();
  exec(
      "insert into outbox_receipt_run (first_seq, last_seq, topic, \"partition\", first_offset) "
      "values (1, 1, 'orders', 3, 77)");
  exec("delete from outbox");
  const auto messages = trace("1");
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0]["receipts"][0]["offset"], 77);
  EXPECT_THAT(outboxctl({"trace", "1"}).out, HasSubstr("its row was removed"));
}

TEST_F(TraceTest, SaysWhenThereIsNothing) {
  for (const std::string name : {"1", "018f2c6e-0000-7000-8000-000000000001"}) {
    const Outcome outcome = outboxctl({"trace", name});
    EXPECT_EQ(outcome.code, ExitCode::failed);
    EXPECT_THAT(outcome.err, HasSubstr("there is no message " + name));
  }
  EXPECT_EQ(outboxctl({"trace", "one"}).code, ExitCode::usage);
  EXPECT_EQ(outboxctl({"trace"}).code, ExitCode::usage);
}

}  // namespace
}  // namespace outbox::ctl
