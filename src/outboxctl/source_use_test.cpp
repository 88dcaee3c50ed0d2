// Changing over between the table and the write-ahead log.
#include <string>
#include <utility>
#include <vector>

#include "outboxctl/outboxctl_fixture.hpp"

namespace outbox::ctl {
namespace {

using testing::HasSubstr;

class SourceUseTest : public OutboxctlDatabaseTest {
 protected:
  std::string slots() {
    return value(
        "select coalesce(string_agg(slot_name, ' '), '') from pg_replication_slots "
        "where database = current_database()");
  }
  static Outcome use(const std::vector<std::string>& arguments) {
    std::vector<std::string> all{"source", "use"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return outboxctl(std::move(all));
  }
  std::string mode() { return value("select mode from outbox_control"); }
};

TEST_F(SourceUseTest, TheLogIsReadFromASlotOfItsOwnAndBackAgainNothingIsLeft) {
  const Outcome log = use({"wal", "--format", "json"});
  ASSERT_EQ(log.code, ExitCode::ok) << log.err;
  EXPECT_EQ(log.json()["mode"], "wal");
  EXPECT_EQ(log.json()["slot"], slots());
  EXPECT_EQ(mode(), "wal");
  EXPECT_THAT(outboxctl({"shards"}).out, HasSubstr("from the slot " + slots()));
  EXPECT_EQ(value("select pubname || ' ' || pubinsert || ' ' || pubupdate || ' ' || pubviaroot "
                  "from pg_publication"),
            "outbox_wal true false true");

  const Outcome table = use({"table", "--accept-gap"});
  ASSERT_EQ(table.code, ExitCode::ok) << table.err;
  EXPECT_THAT(table.out, HasSubstr("is read in the table"));
  EXPECT_EQ(mode(), "table");
  EXPECT_EQ(slots(), "");
  EXPECT_EQ(value("select string_agg(action, ' ' order by id) from outbox_audit"),
            "source-use-wal source-use-table");
}

TEST_F(SourceUseTest, ANewSlotTakesTheOldOnesPlace) {
  const std::string mine = "mine_" + database_.name();
  ASSERT_EQ(use({"wal", "--slot", mine}).code, ExitCode::ok);
  EXPECT_EQ(slots(), mine);
  const Outcome again = use({"wal", "--accept-gap"});
  ASSERT_EQ(again.code, ExitCode::ok) << again.err;
  EXPECT_EQ(slots(), "outbox_" + database_.name());
}

TEST_F(SourceUseTest, StatusTellsWhatIsLostWithASlot) {
  ASSERT_EQ(use({"wal"}).code, ExitCode::ok);
  EXPECT_THAT(outboxctl({"status"}).out, HasSubstr("from the slot " + slots()));
  EXPECT_EQ(outboxctl({"status", "--format", "json"}).json()["log"]["problem"], "");
  exec("select pg_drop_replication_slot('" + slots() + "')");
  EXPECT_THAT(outboxctl({"status"}).out, HasSubstr("--accept-gap"));
  const Outcome refused = use({"wal"});
  EXPECT_EQ(refused.code, ExitCode::failed);
  EXPECT_THAT(refused.err, HasSubstr("is gone"));
  EXPECT_EQ(use({"wal", "--accept-gap"}).code, ExitCode::ok);
}

TEST_F(SourceUseTest, ASlotOfAnotherIsNotTaken) {
  const std::string name = "other_" + database_.name();
  exec("select pg_create_logical_replication_slot('" + name + "', 'pgoutput')");
  const Outcome refused = use({"wal", "--slot", name});
  EXPECT_EQ(refused.code, ExitCode::failed);
  EXPECT_THAT(refused.err, HasSubstr("pg_drop_replication_slot"));
  EXPECT_EQ(mode(), "table");
}

TEST_F(SourceUseTest, APublicationThatLeavesSomethingOutIsMadeAnew) {
  exec(
      "create publication outbox_wal for table outbox (seq) "
      "with (publish = 'insert', publish_via_partition_root = true)");
  ASSERT_EQ(use({"wal"}).code, ExitCode::ok);
  EXPECT_EQ(value("select count(*) from pg_publication_rel where prattrs is null"), "1");
}

TEST_F(SourceUseTest, AnythingElseIsNoMode) {
  EXPECT_EQ(use({"queue"}).code, ExitCode::usage);
}

}  // namespace
}  // namespace outbox::ctl
