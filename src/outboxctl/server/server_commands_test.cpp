// outboxctl --server, against the routes of an outbox-processor.
#include <fstream>

#include "outbox-processor/api/change_routes.hpp"
#include "outboxctl/outboxctl_fixture.hpp"
#include "support/http/server.hpp"
#include "tests/support/http/open_gate.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

// 1 of key a is dead and holds it, 2 of key b is dead; 3 of key c was delivered.
class ServerChangesTest : public OutboxctlDatabaseTest {
 protected:
  ServerChangesTest() {
    write({"a", "b", "c"});
    pass_all();
    exec(
        "insert into outbox_exception (seq, shard, key, state, holds_key, last_error) values "
        "(1, 0, 'a', 'dead', true, 'too large'), (2, 0, 'b', 'dead', false, 'rejected')");
    exec(
        "insert into outbox_receipt_run (first_seq, last_seq, topic, \"partition\", first_offset) "
        "values (3, 3, 'orders', 0, 7)");
    http::Router router;
    api::add_change_routes(router, {&outbox_, &operations_});
    server_ = std::make_unique<http::Server>(http::testing::open_to_all(), std::move(router));
    EXPECT_TRUE(server_->start());
    unsetenv("DATABASE_URL");  // the commands know the server alone
  }

  Outcome ask(std::vector<std::string> arguments,
              const std::optional<std::string>& typed = std::nullopt) {
    arguments.insert(arguments.end(),
                     {"--server", "http://127.0.0.1:" + std::to_string(server_->port())});
    return outboxctl(arguments, typed);
  }
  std::string states() {
    return value(
        "select coalesce(string_agg(seq || ' ' || state, ', ' order by seq), '') "
        "from outbox_exception");
  }

  admin::OutboxPool outbox_{database_.url(), "outbox"};
  Operations operations_;
  std::unique_ptr<http::Server> server_;
};

TEST_F(ServerChangesTest, RetriesDeadLetters) {
  EXPECT_EQ(ask({"dead-letters", "retry", "--all", "--dry-run"}).out, "would retry 2 messages\n");
  EXPECT_EQ(states(), "1 dead, 2 dead");
  const Outcome retried = ask({"dead-letters", "retry", "1"});
  ASSERT_EQ(retried.code, ExitCode::ok) << retried.err;
  EXPECT_EQ(retried.out, "retried 1 message\n");
  EXPECT_EQ(states(), "1 retrying, 2 dead");
  EXPECT_THAT(value("select actor from outbox_audit"), HasSubstr(" via api"));
  const Outcome json = ask({"dead-letters", "retry", "--error", "rejected", "--format", "json"});
  EXPECT_EQ(json.json()["state"], "done") << "as JSON, what the server answers";
  EXPECT_EQ(states(), "1 retrying, 2 delayed");
}

TEST_F(ServerChangesTest, RetriesWithAnotherPayload) {
  const test::TemporaryFolder folder;
  const std::string file = folder.path() / "payload.json";
  std::ofstream{file} << "\xff";
  EXPECT_THAT(ask({"dead-letters", "retry", "1", "--payload", file}).err, HasSubstr("not UTF-8"));
  std::ofstream{file} << "no json";
  const Outcome refused = ask({"dead-letters", "retry", "1", "--payload", file});
  EXPECT_EQ(refused.code, ExitCode::usage);
  EXPECT_THAT(refused.err, HasSubstr("#/payload"));
  std::ofstream{file} << R"({"price": 2})";
  const Outcome done = ask({"dead-letters", "retry", "1", "--payload", file});
  ASSERT_EQ(done.code, ExitCode::ok) << done.err;
  EXPECT_EQ(value("select payload from outbox_exception where seq = 1"), R"({"price": 2})");
}

TEST_F(ServerChangesTest, DiscardsWhenTheNumberWasTyped) {
  const Outcome unasked = ask({"dead-letters", "discard", "--all"});
  EXPECT_EQ(unasked.code, ExitCode::usage);
  EXPECT_THAT(unasked.err, HasSubstr("discards 2 messages of http://127.0.0.1:"));
  EXPECT_EQ(ask({"dead-letters", "discard", "--all"}, "3\n").code, ExitCode::failed);
  EXPECT_EQ(states(), "1 dead, 2 dead");
  const Outcome done = ask({"dead-letters", "discard", "--all"}, "2\n");
  ASSERT_EQ(done.code, ExitCode::ok) << done.err;
  EXPECT_EQ(done.out, "discarded 2 messages\n");
  EXPECT_EQ(states(), "1 discarded, 2 discarded");
  EXPECT_EQ(ask({"dead-letters", "discard", "--all", "--yes"}).out, "would discard 0 messages\n");
}

TEST_F(ServerChangesTest, Replays) {
  EXPECT_EQ(ask({"replay", "--key", "c", "--dry-run"}).out, "would replay 1 message\n");
  const Outcome done = ask({"replay", "--key", "c", "--topic", "again", "--yes"});
  ASSERT_EQ(done.code, ExitCode::ok) << done.err;
  EXPECT_EQ(done.out, "replayed 1 message\n");
  EXPECT_EQ(value("select topic from outbox_exception where seq = 3 and replay"), "again");
}

TEST_F(ServerChangesTest, PausesAndResumes) {
  EXPECT_THAT(ask({"pause"}).out, HasSubstr("is now paused"));
  EXPECT_EQ(value("select paused from outbox_control"), "t");
  EXPECT_THAT(ask({"pause"}).out, HasSubstr("was already paused"));
  EXPECT_EQ(ask({"resume", "--format", "json"}).json()["changed"], true);
}

TEST_F(ServerChangesTest, PausesTopicsAndMovesShards) {
  exec("insert into outbox_relay (owner, renewals) values ('relay-1', 1), ('relay-2', 1)");
  exec("update outbox_shard set owner = 'relay-1', epoch = 5");
  EXPECT_THAT(ask({"pause", "--topic", "orders/eu"}).out, HasSubstr("topic orders/eu of"));
  EXPECT_EQ(value("select paused_topics from outbox_control"), "{orders/eu}");
  EXPECT_THAT(ask({"pause", "--shard", "7"}).out, HasSubstr("is now paused"));
  EXPECT_EQ(ask({"shards", "release", "8"}).code, ExitCode::ok);
  EXPECT_THAT(ask({"shards", "move", "9", "relay-2"}).out, HasSubstr("goes to relay-2"));
  EXPECT_EQ(value("select preferred from outbox_shard where shard = 9"), "relay-2");
  EXPECT_EQ(ask({"shards", "move", "9", "relay-3"}).code, ExitCode::failed);
}

TEST_F(ServerChangesTest, WhatTheServerRefusesIsShown) {
  const Outcome missing = ask({"dead-letters", "retry", "99"});
  EXPECT_EQ(missing.code, ExitCode::failed);
  EXPECT_THAT(missing.err, HasSubstr("there is no message 99"));
  EXPECT_EQ(ask({"dead-letters", "retry"}).code, ExitCode::usage) << "which ones has to be said";
  EXPECT_EQ(ask({"dead-letters", "retry", "one"}).code, ExitCode::usage);
}

// A server that answers as outbox-processor does, with what the test says.
class ServerLooksTest : public OutboxctlTest {
 protected:
  void answer(const std::string& path, std::string json) {
    router_.add("GET", "/api/v1" + path, [this, json = std::move(json)](const http::Request& r) {
      const std::lock_guard lock{mutex_};
      asked_ += r.target + " " + std::string{r.headers.find("Authorization").value_or("")} + "\n";
      return http::json_response(200, json);
    });
  }
  Outcome ask(std::vector<std::string> arguments) {
    if (!server_) {
      server_ = std::make_unique<http::Server>(http::ServerOptions{}, std::move(router_));
      EXPECT_TRUE(server_->start());
    }
    arguments.insert(arguments.end(),
                     {"--server", "http://127.0.0.1:" + std::to_string(server_->port())});
    return outboxctl(arguments);
  }
  // The targets, each with its Authorization header.
  std::string asked() {
    const std::lock_guard lock{mutex_};
    return asked_;
  }

  http::Router router_;
  std::mutex mutex_;
  std::string asked_;
  std::unique_ptr<http::Server> server_;
};

TEST_F(ServerLooksTest, Status) {
  answer("/overview",
         R"({"version": "1.2", "paused": true, "pending": 12000, "pendingIsEstimate": true,
             "oldestPendingAgeSeconds": 3.5, "processed": 7, "failedAttempts": 1,
             "failed": {"retrying": 1, "heldKeys": 2, "dead": 4},
             "shards": {"total": 64, "owned": 64, "owner": "relay-1", "epoch": 5},
             "source": {"connected": true, "problem": null},
             "sink": {"reachable": false, "detail": "no broker\u001b answers"},
             "alerts": [{"id": "dead", "severity": "warning", "title": "4 dead letters",
                         "detail": "They were given up.", "remedy": "Look at them.", "href": "/"}]})");
  const Outcome status = ask({"status"});
  ASSERT_EQ(status.code, ExitCode::ok) << status.err;
  EXPECT_THAT(status.out, HasSubstr("~12000"));
  EXPECT_THAT(status.out, HasSubstr("paused"));
  EXPECT_THAT(status.out, HasSubstr("no broker\\x1b answers"));
  EXPECT_THAT(status.out, HasSubstr("warning: 4 dead letters. They were given up. Look at them."));
  EXPECT_THAT(status.out, HasSubstr("64 of 64 are owned, by relay-1, epoch 5"));
  EXPECT_EQ(ask({"status", "--format", "json"}).json()["failed"]["dead"], 4);
}

TEST_F(ServerLooksTest, MessagesPageByPage) {
  answer(
      "/messages",
      R"({"items": [{"seq": "7", "status": "processed", "aggregateId": "a b", "type": "OrderPaid",
             "createdAt": "2026-01-31T12:00:00.000000Z", "attempts": 0, "lastError": null,
             "topic": "orders", "partition": 3, "offset": "77"}], "nextCursor": "more"})");
  const Outcome messages = ask({"messages", "--key", "a b", "--limit", "2"});
  ASSERT_EQ(messages.code, ExitCode::ok) << messages.err;
  EXPECT_THAT(messages.out, HasSubstr("orders[3]@77"));
  EXPECT_EQ(asked(),
            "/api/v1/messages?aggregateId=a%20b&limit=2 \n"
            "/api/v1/messages?aggregateId=a%20b&limit=1&cursor=more \n");
}

TEST_F(ServerLooksTest, DeadLettersTraceAndShards) {
  answer("/dead-letters",
         R"({"items": [{"seq": "7", "aggregateId": "a", "type": "OrderPaid", "attempts": 20,
             "failedAt": "2026-01-31T12:00:00.000000Z", "holdsKey": true, "heldBehind": 2,
             "lastError": "too large"}], "nextCursor": null})");
  answer("/messages/{name}/trace",
         R"({"message": {"seq": "7", "id": "i", "status": "processed", "type": "OrderPaid",
             "aggregateType": "order", "aggregateId": "a"}, "stages": [
             {"name": "acknowledged", "at": "2026-01-31T12:00:00.000000Z", "durationMs": 1.5,
              "known": true, "detail": {"topic": "orders", "partition": 3}, "missing": null},
             {"name": "consumed", "at": null, "durationMs": null, "known": false, "detail": {},
              "missing": "no consumer is named"}]})");
  answer("/shards",
         R"({"mode": "table", "slot": null, "revision": "1", "shards": [
             {"shard": 0, "owner": "relay-1", "epoch": "5"},
             {"shard": 1, "owner": "relay-1", "epoch": "5"}, {"shard": 2, "owner": "", "epoch": "4"}],
             "relays": [{"name": "relay-1", "joinedAt": "2026-01-31T12:00:00.000000Z", "shards": 2}],
             "moves": []})");
  EXPECT_THAT(ask({"dead-letters", "list", "--error", "large"}).out, HasSubstr("too large"));
  const std::string trace = ask({"trace", "7"}).out;
  EXPECT_THAT(trace, HasSubstr("topic=orders, partition=3"));
  EXPECT_THAT(trace, HasSubstr("no consumer is named"));
  const std::string shards = ask({"shards"}).out;
  EXPECT_THAT(shards, HasSubstr("0-1"));
  EXPECT_THAT(shards, HasSubstr("(free)"));
}

TEST_F(ServerLooksTest, TheTokenIsSentAndNeverShown) {
  answer("/shards", R"({"shards": [], "relays": []})");
  const test::TemporaryFolder folder;
  const std::string file = folder.path() / "token";
  std::ofstream{file} << "s3cret-token\n";
  ASSERT_EQ(ask({"shards", "--token-file", file}).code, ExitCode::ok);
  EXPECT_EQ(asked(), "/api/v1/shards Bearer s3cret-token\n");
  for (const char* server : {"http://db.example:8080", "http://127.0.0.1.example:8080"}) {
    const Outcome plain = outboxctl({"shards", "--server", server, "--token-file", file});
    EXPECT_EQ(plain.code, ExitCode::usage) << server;
    EXPECT_THAT(plain.err, HasSubstr("https"));
    EXPECT_THAT(plain.err, Not(HasSubstr("s3cret")));
  }
  std::ofstream{file} << "s3cret token\n";
  const Outcome wrong = ask({"shards", "--token-file", file});
  EXPECT_EQ(wrong.code, ExitCode::usage);
  EXPECT_THAT(wrong.err, Not(HasSubstr("s3cret")));
  EXPECT_EQ(ask({"shards", "--token-file", folder.path() / "none"}).code, ExitCode::usage);
}

TEST_F(ServerLooksTest, AServerThatIsAwayOrNoneIsSaid) {
  const Outcome away = outboxctl({"status", "--server", "http://127.0.0.1:1"});
  EXPECT_EQ(away.code, ExitCode::unreachable);
  EXPECT_THAT(away.err, HasSubstr("http://127.0.0.1:1: "));
  EXPECT_EQ(outboxctl({"status", "--server", "127.0.0.1:8080"}).code, ExitCode::usage);
  EXPECT_EQ(
      outboxctl({"status", "--server", "http://127.0.0.1:1", "--database", "postgresql://x"}).code,
      ExitCode::usage);
  EXPECT_EQ(outboxctl({"status", "--token-file", "x"}).code, ExitCode::usage);
  answer("/overview", "no json");
  const Outcome other = ask({"status"});
  EXPECT_EQ(other.code, ExitCode::failed);
  EXPECT_THAT(other.err, HasSubstr("does not answer as an outbox-processor does"));
}

}  // namespace
}  // namespace outbox::ctl
