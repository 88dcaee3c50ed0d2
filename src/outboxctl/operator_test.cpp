// pause, resume and shards.
#include "outboxctl/outboxctl_fixture.hpp"

namespace outbox::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

class OperatorTest : public OutboxctlDatabaseTest {};

TEST_F(OperatorTest, PausesAndResumes) {
  EXPECT_THAT(outboxctl({"status"}).out, Not(HasSubstr("paused")));
  const Outcome paused = outboxctl({"pause"});
  ASSERT_EQ(paused.code, ExitCode::ok) << paused.err;
  EXPECT_THAT(paused.out, HasSubstr("is now paused"));
  EXPECT_EQ(value("select paused || ' ' || revision from outbox_control"), "true 0");
  EXPECT_THAT(outboxctl({"status"}).out, HasSubstr("outboxctl resume"));
  EXPECT_EQ(json_of({"status"})["paused"], true);
  EXPECT_EQ(json_of({"pause"})["changed"], false);
  EXPECT_EQ(value("select revision from outbox_control"), "0") << "no relay need connect again";

  EXPECT_EQ(json_of({"resume"})["changed"], true);
  EXPECT_THAT(outboxctl({"resume"}).out, HasSubstr("already going"));
  EXPECT_EQ(value("select paused || ' ' || revision from outbox_control"), "false 0");
  EXPECT_EQ(value("select string_agg(action, ' ' order by id) from outbox_audit"), "pause resume");
}

TEST_F(OperatorTest, ShowsOwnersPositionsAndRelays) {
  exec("insert into outbox_relay (owner, renewals) values ('relay-1', 41), ('relay-2', 7)");
  exec("update outbox_shard set owner = 'relay-1', epoch = 5 where shard < 32");
  exec("update outbox_shard set owner = 'relay-2', epoch = 6 where shard in (40, 42, 43)");
  exec(
      "insert into outbox_progress_1 (epoch, n, shards, last_seq, from_snapshot, to_snapshot) "
      "values (5, 9, 1 << 3, 77, '10:10:', '12:20:13')");
  const auto state = json_of({"shards"});
  EXPECT_EQ(state["paused"], false);
  ASSERT_EQ(state["owners"].size(), 3U);
  EXPECT_EQ(state["owners"][0]["owner"], "");
  EXPECT_EQ(state["owners"][1]["shards"].size(), 32U);
  EXPECT_EQ(state["owners"][2]["epoch"], 6);
  ASSERT_EQ(state["positions"].size(), 2U);
  EXPECT_EQ(state["positions"][0]["shards"].size(), 63U);
  EXPECT_EQ(state["positions"][1]["to_snapshot"], "12:20:13");
  EXPECT_EQ(state["relays"][0]["renewals"], 41);
  EXPECT_EQ(state["relays"][1]["shards"], 3);

  const std::string text = outboxctl({"shards"}).out;
  EXPECT_THAT(text, HasSubstr("32-39, 41, 44-63"));
  EXPECT_THAT(text, HasSubstr("(free)"));
  EXPECT_THAT(text, HasSubstr("40, 42-43"));
}

}  // namespace
}  // namespace outbox::ctl
