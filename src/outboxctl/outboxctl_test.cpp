#include <cstdlib>
#include <string>
#include <vector>

#include "outbox/outbox.hpp"
#include "outboxctl/outboxctl_fixture.hpp"

namespace outbox::ctl {
namespace {

using test::must_exec;
using test::OutboxDatabase;
using test::TestDatabase;
using test::value_of;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST_F(OutboxctlTest, ExplainsItself) {
  const Outcome help = outboxctl({"--help"});
  EXPECT_EQ(help.code, ExitCode::ok);
  EXPECT_THAT(help.out, HasSubstr("Exit codes"));
  for (const char* command : {"migrate", "status", "messages", "dead-letters"}) {
    EXPECT_THAT(help.out, HasSubstr(command));
  }
  EXPECT_THAT(outboxctl({"migrate", "--help"}).out, HasSubstr("--payload-type"));
  EXPECT_THAT(outboxctl({"--version"}).out, HasSubstr("outboxctl 0."));
}

TEST_F(OutboxctlTest, RefusesWrongUsage) {
  const TestDatabase database;
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {},
           {"fly"},
           {"status", "--tabel", "x"},
           {"status", "--format", "xml"},
           {"messages", "--limit", "0"},
           {"messages", "--limit", "1001"},
           {"messages", "--status", "lost"},
           {"migrate", "--payload-type", "xml"},
           {"migrate", "--database", database.url(), "--down"},
           {"migrate", "--database", database.url(), "--table", "out box"}}) {
    const Outcome outcome = outboxctl(arguments);
    EXPECT_EQ(outcome.code, ExitCode::usage) << testing::PrintToString(arguments);
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_THAT(outcome.err, HasSubstr("outboxctl: "));
  }
}

TEST_F(OutboxctlTest, SaysWhatToDoWithoutADatabase) {
  const Outcome outcome = outboxctl({"status"});
  EXPECT_EQ(outcome.code, ExitCode::usage);
  EXPECT_THAT(outcome.err, HasSubstr("DATABASE_URL"));
}

TEST_F(OutboxctlTest, NeverShowsAPassword) {
  const std::vector<std::vector<std::string>> command_lines{
      {"status", "--database", "postgresql://app:s3cret@127.0.0.1:1/shop"},
      {"status", "--database", "postgresql://app:s3cret/x@127.0.0.1:1/shop"},
      {"status", "--database", "postgresql:/app:s3cret@127.0.0.1"},
      {"status", "--database", "host=127.0.0.1 port=1 password=s3cret oops"},
      {"status", "postgresql://app:s3cret@127.0.0.1/shop"},
      {"postgresql://app:s3cret@127.0.0.1/shop"},
      {"status", "--databse=postgresql://app:s3cret@127.0.0.1/shop"},
      {"status", "--format", "postgresql://app:s3cret@127.0.0.1/shop"},
      {"status", "password=s3cret"},
      {"status", "s3cret"},
      {"s3cret"},
      {"migrate", "--down=s3cret"},
      {"status", "--pw", "s3cret"},
      {"status", "--pw=s3cret"},
  };
  for (const auto& arguments : command_lines) {
    const Outcome outcome = outboxctl(arguments);
    EXPECT_NE(outcome.code, ExitCode::ok);
    EXPECT_THAT(outcome.err, Not(HasSubstr("s3cret"))) << arguments.back();
    EXPECT_THAT(outcome.err, Not(IsEmpty()));
  }
}

TEST_F(OutboxctlTest, SaysWhenTheDatabaseIsAway) {
  const Outcome outcome = outboxctl({"status", "--database", "postgresql://app@127.0.0.1:1/shop"});
  EXPECT_EQ(outcome.code, ExitCode::unreachable);
  EXPECT_THAT(outcome.err, HasSubstr("cannot connect"));
}

TEST_F(OutboxctlTest, TakesTheDatabaseFromTheEnvironment) {
  const OutboxDatabase database;
  setenv("DATABASE_URL", "postgresql://app@127.0.0.1:1/shop", 1);
  EXPECT_EQ(outboxctl({"status"}).code, ExitCode::unreachable);
  setenv("OUTBOX_SOURCE__URL", database.url().c_str(), 1);
  EXPECT_EQ(outboxctl({"status"}).code, ExitCode::ok);
  EXPECT_EQ(outboxctl({"status", "--database", "postgresql://app@127.0.0.1:1/shop"}).code,
            ExitCode::unreachable);
}

TEST_F(OutboxctlTest, MigratesUpAndDown) {
  const TestDatabase database;
  auto connection = database.connect();
  const std::vector<std::string> up{"migrate", "--database", database.url(), "--payload-type",
                                    "text",    "--format",   "json"};
  const Outcome first = outboxctl(up);
  ASSERT_EQ(first.code, ExitCode::ok) << first.err;
  EXPECT_EQ(nlohmann::json::parse(first.out)["from_version"], 0);
  EXPECT_GE(nlohmann::json::parse(first.out)["to_version"], 1);
  must_exec(connection,
            "insert into outbox (id, aggregatetype, aggregateid, type, payload) values "
            "(gen_random_uuid(), 'a', 'b', 'c', 'not json')");

  const Outcome second = outboxctl(up);
  ASSERT_EQ(second.code, ExitCode::ok) << second.err;
  const auto report = nlohmann::json::parse(second.out);
  EXPECT_EQ(report["from_version"], report["to_version"]);
  EXPECT_EQ(report["partitions_made"], 0);

  const Outcome other_type = outboxctl({"migrate", "--database", database.url()});
  EXPECT_EQ(other_type.code, ExitCode::failed);
  EXPECT_THAT(other_type.err, HasSubstr("--payload-type text"));

  const Outcome unconfirmed = outboxctl({"migrate", "--down", "--database", database.url()});
  EXPECT_EQ(unconfirmed.code, ExitCode::usage);
  EXPECT_THAT(unconfirmed.err, HasSubstr("--yes"));
  EXPECT_EQ(value_of(connection, "select count(*) from outbox"), "1");

  const Outcome mistyped =
      outboxctl({"migrate", "--down", "--database", database.url()}, "outbx\n");
  EXPECT_EQ(mistyped.code, ExitCode::failed);
  EXPECT_EQ(value_of(connection, "select count(*) from outbox"), "1");
  const Outcome down = outboxctl({"migrate", "--down", "--database", database.url()}, "outbox\n");
  EXPECT_EQ(down.code, ExitCode::ok) << down.err;
  EXPECT_THAT(down.out, HasSubstr("removed"));
  EXPECT_EQ(value_of(connection, "select to_regclass('outbox') is null"), "t");
}

TEST_F(OutboxctlTest, MakesPartitionsThatAreMissing) {
  const OutboxDatabase database;
  auto connection = database.connect();
  must_exec(connection, "drop table outbox_p8");
  const Outcome outcome = outboxctl({"migrate", "--database", database.url()});
  ASSERT_EQ(outcome.code, ExitCode::ok) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("made 1 partitions"));
  EXPECT_EQ(value_of(connection, "select to_regclass('outbox_p8') is null"), "f");
}

TEST_F(OutboxctlTest, SaysWhenThereIsNoOutbox) {
  const TestDatabase database;
  for (const char* command : {"status", "messages"}) {
    const Outcome outcome = outboxctl({command, "--database", database.url()});
    EXPECT_EQ(outcome.code, ExitCode::failed);
    EXPECT_THAT(outcome.err, HasSubstr("outboxctl migrate"));
  }
}

TEST_F(OutboxctlTest, StatusSaysWhenTheTablesAreOld) {
  const OutboxDatabase database;
  auto connection = database.connect();
  const std::vector<std::string> status{"status", "--database", database.url()};
  EXPECT_THAT(outboxctl(status).out, Not(HasSubstr("up to date")));
  must_exec(connection, "delete from outbox_migration");
  EXPECT_THAT(outboxctl(status).out, HasSubstr("outboxctl migrate brings it up to date"));
}

// Seven messages, one of each status. What the relay would write is written by hand.
class OutboxWithMessages : public OutboxctlTest {
 protected:
  OutboxWithMessages() {
    const Outbox outbox;
    Transaction transaction{connection_.raw()};
    must_exec(connection_, "begin");
    for (const char* key : {"done", "later", "failing", "failing", "broken\x1b", "given up"}) {
      Message message;
      message.aggregate_type = "order";
      message.aggregate_id = key;
      message.type = "OrderCreated";
      message.payload = R"({"private":1})";
      EXPECT_TRUE(outbox.enqueue(transaction, message));
    }
    must_exec(connection_, "commit");
    must_exec(connection_,
              "insert into outbox_progress_0 (epoch, n, shards, from_snapshot) "
              "values (1, 1, -1, pg_current_snapshot())");
    must_exec(connection_, "update outbox_shard set owner = 'relay-7', epoch = 1");
    must_exec(connection_,
              "insert into outbox_receipt_run (first_seq, last_seq, topic, \"partition\", "
              "first_offset) values (1, 1, 'order-events', 3, 77)");
    must_exec(connection_,
              "insert into outbox_exception (seq, until_seq, shard, key, state, holds_key, "
              "attempts, last_error, due_at) values "
              "(2, null, 0, 'later', 'delayed', false, 0, null, '2030-01-01 00:00+00'), "
              "(3, null, 0, 'failing', 'retrying', true, 2, 'no such topic', now()), "
              "(4, 4, 0, 'failing', 'held', true, 0, null, null), "
              "(5, null, 0, 'broken\x1b', 'dead', false, 9, 'too large', null), "
              "(6, null, 0, 'given up', 'discarded', false, 9, 'too large', null)");
    must_exec(connection_,
              "insert into outbox (id, aggregatetype, aggregateid, type, payload) "
              "values (gen_random_uuid(), 'order', 'new', 'OrderCreated', '{}')");
  }

  nlohmann::json messages(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {"messages", "--format", "json", "--database", database_.url()});
    const Outcome outcome = outboxctl(arguments);
    EXPECT_EQ(outcome.code, ExitCode::ok) << outcome.err;
    return nlohmann::json::parse(outcome.out);
  }

  OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
};

TEST_F(OutboxWithMessages, StatusCountsThem) {
  const Outcome outcome = outboxctl({"status", "--format", "json", "--database", database_.url()});
  ASSERT_EQ(outcome.code, ExitCode::ok) << outcome.err;
  const auto status = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(status["pending"], 1);
  EXPECT_EQ(status["delayed"], 1);
  EXPECT_EQ(status["retrying"], 1);
  EXPECT_EQ(status["held_keys"], 1);
  EXPECT_EQ(status["dead"], 1);
  EXPECT_EQ(status["processed"], 1);
  EXPECT_EQ(status["processed_is_lower_bound"], false);
  EXPECT_EQ(status["relay"]["owner"], "relay-7");
  EXPECT_EQ(status["relay"]["shards"], 64);
  EXPECT_EQ(status["positions"].size(), 1U);

  const Outcome text = outboxctl({"status", "--database", database_.url()});
  ASSERT_EQ(text.code, ExitCode::ok) << text.err;
  EXPECT_THAT(text.out, HasSubstr("relay-7, 64 shards"));
  EXPECT_THAT(text.out, HasSubstr("messages wait behind 1 keys"));
}

TEST_F(OutboxWithMessages, ListsThemNewestFirst) {
  const auto all = messages({});
  ASSERT_EQ(all.size(), 7U);
  std::string statuses;
  for (const auto& message : all)
    statuses += message["status"].get<std::string>() + " ";
  EXPECT_EQ(statuses, "pending discarded dead held retrying delayed processed ");
  EXPECT_EQ(all[6]["topic"], "order-events");
  EXPECT_EQ(all[6]["partition"], 3);
  EXPECT_EQ(all[6]["offset"], 77);
  EXPECT_EQ(all[4]["attempts"], 2);
  EXPECT_EQ(all[4]["last_error"], "no such topic");
  EXPECT_EQ(all[0]["last_error"], nullptr);
  EXPECT_EQ(all[5]["due_at"], "2030-01-01T00:00:00.000Z");
}

TEST_F(OutboxWithMessages, ListsThoseOfAStatusOrKey) {
  for (const char* status :
       {"pending", "delayed", "retrying", "held", "dead", "discarded", "processed"}) {
    const auto found = messages({"--status", status});
    ASSERT_EQ(found.size(), 1U) << status;
    EXPECT_EQ(found[0]["status"], status);
  }
  EXPECT_EQ(messages({"--key", "failing"}).size(), 2U);
  EXPECT_EQ(messages({"--key", "failing", "--status", "held"}).size(), 1U);
  EXPECT_EQ(messages({"--key", "nobody"}).size(), 0U);
  const auto limited = messages({"--limit", "2"});
  ASSERT_EQ(limited.size(), 2U);
  EXPECT_EQ(limited[0]["key"], "new");
}

TEST_F(OutboxWithMessages, ShowsNeitherPayloadsNorControlCharacters) {
  const Outcome outcome = outboxctl({"messages", "--database", database_.url()});
  ASSERT_EQ(outcome.code, ExitCode::ok) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("broken\\x1b"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(outcome.out, Not(HasSubstr("private")));
  EXPECT_THAT(outcome.out, HasSubstr("order-events[3]@77"));
  EXPECT_THAT(outcome.out, HasSubstr("2 attempts: no such topic"));
}

}  // namespace
}  // namespace outbox::ctl
