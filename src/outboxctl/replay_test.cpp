#include "outboxctl/outboxctl_fixture.hpp"

namespace outbox::ctl {
namespace {

using testing::HasSubstr;

// 1 and 2 of key a were delivered, 1 long ago, and 3 of key b; 4 of key c is dead, 5 of key d
// pending.
class ReplayTest : public OutboxctlDatabaseTest {
 protected:
  ReplayTest() {
    write({"a", "a", "b", "c"});
    pass_all();
    write({"d"});
    exec(
        "insert into outbox_receipt_run (first_seq, last_seq, topic, \"partition\", first_offset) "
        "select seq, seq, 'orders', 0, seq from outbox where seq <= 3");
    exec("insert into outbox_exception (seq, shard, key, state) values (4, 0, 'c', 'dead')");
    exec("update outbox set created_at = '2025-01-01T12:00Z', type = 'OrderVoid' where seq = 1");
  }

  std::string replays() {
    return value(
        "select coalesce(string_agg(seq::text, ' ' order by due_at, seq), '') "
        "from outbox_exception where state = 'delayed' and replay");
  }
};

TEST_F(ReplayTest, SendsWhatWasDeliveredAgain) {
  const auto report = json_of({"replay", "--since", "2020-01-01", "--yes"});
  EXPECT_EQ(report["replayed"], 3);
  EXPECT_EQ(replays(), "1 2 3") << "neither what is dead nor what is pending";
  EXPECT_EQ(value("select bool_and(e.shard = o.shard and key = aggregateid and due_at <= now() "
                  "and topic is null) from outbox_exception e join outbox o using (seq) "
                  "where replay"),
            "t");
  EXPECT_EQ(value("select string_agg(status, ' ' order by seq) from outbox_message"),
            "processed processed processed dead pending");
  EXPECT_EQ(value("select string_agg(seq::text, ' ' order by seq) from outbox_audit "
                  "where action = 'replay'"),
            "1 2 3");
  EXPECT_EQ(value("select revision from outbox_control"), "0") << "no relay need connect again";
  EXPECT_EQ(json_of({"replay", "--since", "2020-01-01", "--yes"})["selected"], 0)
      << "they are on their way already";
}

TEST_F(ReplayTest, ChoosesByTimeKeyTypeAndId) {
  const std::string id = value("select id from outbox where seq = 2");
  const auto selected = [&](std::vector<std::string> choice) {
    choice.insert(choice.begin(), {"replay", "--dry-run"});
    return json_of(choice)["selected"].get<int>();
  };
  EXPECT_EQ(selected({"--since", "1h"}), 2);
  EXPECT_EQ(selected({"--until", "2025-01-01T12:00Z"}), 0) << "exclusive";
  EXPECT_EQ(selected({"--since", "2025-01-01T12:00Z", "--until", "2025-01-01T12:00:01Z"}), 1);
  EXPECT_EQ(selected({"--key", "a"}), 2);
  EXPECT_EQ(selected({"--key", "c"}), 0);
  EXPECT_EQ(selected({"--type", "OrderVoid"}), 1);
  EXPECT_EQ(selected({"--id", id}), 1);
  EXPECT_EQ(selected({"--id", id, "--key", "b"}), 0);
  EXPECT_EQ(replays(), "");
  EXPECT_EQ(outboxctl({"replay", "--yes"}).code, ExitCode::usage) << "everything has to be said";
  EXPECT_EQ(outboxctl({"replay", "--id", "2", "--yes"}).code, ExitCode::usage);
}

TEST_F(ReplayTest, GoesToAnotherTopicAtARate) {
  const auto report =
      json_of({"replay", "--since", "2020-01-01", "--topic", "again", "--rate", "4", "--yes"});
  EXPECT_EQ(report["replayed"], 3);
  EXPECT_EQ(value("select string_agg((extract(epoch from due_at - first) * 1000)::bigint || ' ' || "
                  "topic, ', ' order by seq) from outbox_exception, (select min(due_at) as first "
                  "from outbox_exception where replay) f where replay"),
            "0 again, 250 again, 500 again");
  EXPECT_EQ(outboxctl({"replay", "--key", "a", "--topic", "a\nb", "--yes"}).code, ExitCode::usage);
}

TEST_F(ReplayTest, IsUndoneByDiscardingWhatHasYetToGoOut) {
  json_of({"replay", "--since", "2020-01-01", "--topic", "wrong", "--yes"});
  exec("insert into outbox_exception (seq, shard, key, state) values (5, 0, 'd', 'delayed')");
  EXPECT_EQ(
      json_of({"dead-letters", "discard", "--replays", "--key", "b", "--dry-run"})["selected"], 1);
  EXPECT_EQ(json_of({"dead-letters", "discard", "--replays", "--yes"})["discarded"], 3);
  EXPECT_EQ(replays(), "");
  EXPECT_EQ(value("select string_agg(seq || ' ' || state, ', ' order by seq) from outbox_exception "
                  "where seq > 3"),
            "4 dead, 5 delayed")
      << "what is no replay stays as it is";
  EXPECT_EQ(value("select string_agg(status, ' ' order by seq) from outbox_message where seq <= 3"),
            "processed processed processed");
  EXPECT_EQ(value("select count(*) from outbox_audit where action = 'discard'"), "3");
  EXPECT_EQ(outboxctl({"dead-letters", "discard", "4", "--replays", "--yes"}).code,
            ExitCode::usage);
}

TEST_F(ReplayTest, OfWhatWasDiscardedBeginsAnew) {
  json_of({"replay", "--key", "a", "--topic", "wrong", "--yes"});
  // The second had been given up.
  exec(
      "update outbox_exception set state = 'dead', attempts = 20, last_error = 'no such topic', "
      "payload = '{}' where seq = 2");
  EXPECT_EQ(json_of({"dead-letters", "discard", "1", "2", "--yes"})["discarded"], 2);
  EXPECT_EQ(json_of({"replay", "--since", "2020-01-01", "--yes"})["replayed"], 3);
  EXPECT_EQ(replays(), "1 2 3");
  EXPECT_EQ(value("select bool_and(due_at <= now() and topic is null and attempts = 0 "
                  "and last_error is null and payload is null) from outbox_exception where replay"),
            "t");
  EXPECT_EQ(value("select count(*) from outbox_audit where action = 'replay'"), "5");
}

TEST_F(ReplayTest, AsksFirst) {
  const Outcome unasked = outboxctl({"replay", "--key", "a"});
  EXPECT_EQ(unasked.code, ExitCode::usage);
  EXPECT_THAT(unasked.err, HasSubstr("sends 2 delivered messages"));
  EXPECT_EQ(outboxctl({"replay", "--key", "a"}, "3\n").code, ExitCode::failed);
  EXPECT_EQ(replays(), "");
  EXPECT_EQ(outboxctl({"replay", "--key", "a"}, "2\n").code, ExitCode::ok);
  EXPECT_EQ(replays(), "1 2");
}

}  // namespace
}  // namespace outbox::ctl
