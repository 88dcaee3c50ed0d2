// What changes an outbox over HTTP, with a real PostgreSQL behind it.
#include "outbox-processor/api/change_routes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "outbox-processor/api/answers.hpp"
#include "outbox-processor/api/change_fixture.hpp"

namespace outbox::api {
namespace {

using http::testing::Reply;
using nlohmann::json;
using test::eventually;
using testing::HasSubstr;

// 1 is dead and holds its key a; 2 and 3 of key b are dead, 3 of another type; 4 of key c is tried
// for ever; 5 was delivered.
class DeadLetterChangesTest : public ApiTest {
 protected:
  DeadLetterChangesTest() {
    write({"a", "b", "b", "c", "d"});
    pass_all();
    exec(
        "insert into outbox_exception (seq, shard, key, state, holds_key, attempts, last_error, "
        "due_at, updated_at) values "
        "(1, 0, 'a', 'dead', true, 20, 'too large', null, '2025-11-01'), "
        "(2, 0, 'b', 'dead', false, 3, 'rejected', null, now()), "
        "(3, 0, 'b', 'dead', false, 3, 'too large', null, now()), "
        "(4, 0, 'c', 'retrying', true, 7, 'timed out', '2030-01-01', now())");
    exec("update outbox set type = 'OrderVoid', aggregatetype = 'basket' where seq = 3");
  }
};

TEST_F(DeadLetterChangesTest, ADryRunCountsAndChangesNothing) {
  const auto count = [&](const std::string& selection) {
    const Reply reply =
        post("/api/v1/dead-letters/retry", R"({"dryRun": true, "selection": )" + selection + "}");
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.headers.find("Cache-Control"), "no-store");
    return reply.status == 200 ? json::parse(reply.body)["count"].get<int>() : -1;
  };
  EXPECT_EQ(count(R"({"filter": {}})"), 3);
  EXPECT_EQ(count(R"({"filter": {"error": "too large"}})"), 2);
  EXPECT_EQ(count(R"({"filter": {"type": "OrderVoid"}})"), 1);
  EXPECT_EQ(count(R"({"filter": {"aggregateType": "basket"}})"), 1);
  EXPECT_EQ(count(R"({"filter": {"aggregateId": "b"}})"), 2);
  EXPECT_EQ(count(R"({"filter": {"since": "1h"}})"), 2);
  EXPECT_EQ(count(R"({"filter": {"since": "2025-10-31T00:00:00.000000Z"}})"), 3);
  EXPECT_EQ(count(R"({"names": ["1", "4"]})"), 2);
  const Reply discard =
      post("/api/v1/dead-letters/discard", R"({"dryRun": true, "selection": {"filter": {}}})");
  EXPECT_EQ(json::parse(discard.body)["count"], 3);
  EXPECT_EQ(states("{dead}"), "1 dead, 2 dead, 3 dead");
  EXPECT_EQ(audit(), "");
  EXPECT_EQ(json::parse(get("/api/v1/operations").body)["items"], json::array());
}

TEST_F(DeadLetterChangesTest, ARetryRunsAsAnOperation) {
  const Reply started =
      post("/api/v1/dead-letters/retry", R"({"selection": {"filter": {"error": "too large"}}})");
  ASSERT_EQ(started.status, 202) << started.body;
  const json begun = json::parse(started.body);
  EXPECT_EQ(begun["kind"], "retry");
  EXPECT_EQ(begun["total"], 2);
  EXPECT_TRUE(begun["id"].is_string());
  const json operation = ended(started);
  EXPECT_EQ(operation["state"], "done");
  EXPECT_EQ(operation["done"], 2);
  EXPECT_EQ(operation["changed"], 2);
  EXPECT_EQ(operation["error"], nullptr);
  EXPECT_TRUE(operation["endedAt"].is_string());
  EXPECT_EQ(states("{dead,retrying,delayed}"), "1 retrying, 2 dead, 3 delayed, 4 retrying");
  EXPECT_EQ(audit(), "anonymous via api: retry 1, anonymous via api: retry 3");
  const json listed = json::parse(get("/api/v1/operations").body);
  EXPECT_EQ(listed["items"], json::array({operation}));
  EXPECT_EQ(listed["nextCursor"], nullptr);
}

TEST_F(DeadLetterChangesTest, RetriesAreSpacedByTheirRate) {
  const json operation = ended(
      post("/api/v1/dead-letters/retry", R"({"selection": {"filter": {}}, "ratePerSecond": 2})"));
  EXPECT_EQ(operation["done"], 3);
  EXPECT_EQ(value("select string_agg((extract(epoch from due_at - first) * 1000)::bigint::text, ' '"
                  " order by seq) from outbox_exception, (select min(due_at) as first from "
                  "outbox_exception where seq <= 3) m where seq <= 3"),
            "0 500 1000");
}

TEST_F(DeadLetterChangesTest, AnEditedOneIsRetriedAndBothPayloadsAreInTheAudit) {
  const Reply refused = post("/api/v1/dead-letters/retry",
                             R"({"selection": {"names": ["1"]}, "payload": "not json"})");
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(wrong_fields(refused), testing::ElementsAre("#/payload"));
  EXPECT_THAT(refused.body, HasSubstr("which is json"));
  EXPECT_EQ(states("{dead}"), "1 dead, 2 dead, 3 dead");

  const json operation =
      ended(post("/api/v1/dead-letters/retry",
                 R"({"selection": {"names": ["1"]}, "payload": "{\"price\":  2}"})"));
  EXPECT_EQ(operation["state"], "done") << operation;
  EXPECT_EQ(operation["done"], 1);
  EXPECT_EQ(value("select state || ' ' || payload from outbox_exception where seq = 1"),
            R"(retrying {"price":  2})");
  EXPECT_EQ(audit(), "anonymous via api: edit 1, anonymous via api: retry 1");
  const json details = json::parse(value("select details from outbox_audit order by id limit 1"));
  EXPECT_EQ(details["before"], R"({"price": 1})");
  EXPECT_EQ(details["after"], R"({"price":  2})");
}

TEST_F(DeadLetterChangesTest, AnIdThatSeveralMessagesHaveIsNotEdited) {
  exec("update outbox set id = '018f2c6e-0000-7000-8000-000000000001' where seq in (2, 3)");
  const Reply refused = post(
      "/api/v1/dead-letters/retry",
      R"({"selection": {"names": ["018f2c6e-0000-7000-8000-000000000001"]}, "payload": "{}"})");
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(wrong_fields(refused), testing::ElementsAre("#/payload"));
}

TEST_F(DeadLetterChangesTest, ADiscardNeedsTheNumberThatItIsNow) {
  const auto discard = [&](const std::string& confirm) {
    return post(
        "/api/v1/dead-letters/discard",
        R"({"selection": {"filter": {"aggregateId": "b"}}, "confirm": ")" + confirm + "\"}");
  };
  for (const std::string confirm : {"discard 3", "discard", "2", "Discard 2"}) {
    const Reply refused = discard(confirm);
    EXPECT_EQ(refused.status, 409) << confirm;
    EXPECT_THAT(detail(refused), HasSubstr("2 messages"));
    EXPECT_THAT(detail(refused), HasSubstr("\"discard 2\""));
  }
  EXPECT_EQ(states("{dead}"), "1 dead, 2 dead, 3 dead");
  EXPECT_EQ(audit(), "");

  const json operation = ended(discard("discard 2"));
  EXPECT_EQ(operation["kind"], "discard");
  EXPECT_EQ(operation["done"], 2);
  EXPECT_EQ(states("{discarded}"), "2 discarded, 3 discarded");
  EXPECT_EQ(audit(), "anonymous via api: discard 2, anonymous via api: discard 3");
}

TEST_F(DeadLetterChangesTest, ANameThatDoesNotFitStopsEverything) {
  const auto status = [&](const std::string& name) {
    const Reply reply =
        post("/api/v1/dead-letters/retry", R"({"selection": {"names": ["1", ")" + name + "\"]}}");
    EXPECT_THAT(detail(reply), HasSubstr("message " + name));
    return reply.status;
  };
  EXPECT_EQ(status("5"), 409) << "it was delivered";
  EXPECT_EQ(status("99"), 404);
  EXPECT_EQ(states("{dead}"), "1 dead, 2 dead, 3 dead");
}

TEST_F(DeadLetterChangesTest, WhatIsWrongInABodyIsNamed) {
  EXPECT_EQ(post("/api/v1/dead-letters/retry", "{").status, 400);
  EXPECT_EQ(http::testing::request(server_->port(), "POST", "/api/v1/dead-letters/retry", "{}",
                                   "Content-Type: text/plain\r\n")
                .status,
            415);
  const Reply unknown =
      post("/api/v1/dead-letters/retry", R"({"selection": {"names": ["x"]}, "dryrun": true})");
  EXPECT_EQ(unknown.status, 422);
  EXPECT_THAT(wrong_fields(unknown), testing::ElementsAre("#/dryrun", "#/selection/names/0"));
  const Reply unconfirmed =
      post("/api/v1/dead-letters/discard", R"({"selection": {"filter": {}}})");
  EXPECT_EQ(unconfirmed.status, 422);
  EXPECT_THAT(wrong_fields(unconfirmed), testing::ElementsAre("#/confirm"));
  const Reply moment =
      post("/api/v1/dead-letters/retry", R"({"selection": {"filter": {"since": "lately"}}})");
  EXPECT_EQ(moment.status, 422);
  EXPECT_THAT(wrong_fields(moment), testing::ElementsAre("#/selection/filter/since"));
  EXPECT_EQ(audit(), "");
}

TEST_F(DeadLetterChangesTest, AnOperationIsCancelledBetweenItsChunks) {
  exec(
      "insert into outbox (id, aggregatetype, aggregateid, type, payload) "
      "select gen_random_uuid(), 'order', 'k' || n, 'OrderPaid', '{}' "
      "from generate_series(1, 4500) n");
  pass_all();
  exec(
      "insert into outbox_exception (seq, shard, key, state) "
      "select seq, shard, aggregateid, 'dead' from outbox where seq > 5");
  // The third chunk waits for this lock.
  pg::Connection other = database_.connect();
  test::must_exec(other, "begin; select from outbox_exception where seq = 3000 for update");
  const Reply started = post("/api/v1/dead-letters/retry", R"({"selection": {"filter": {}}})");
  ASSERT_EQ(started.status, 202) << started.body;
  const std::string id = json::parse(started.body)["id"];
  const std::string path = "/api/v1/operations/" + id;
  ASSERT_TRUE(eventually([&] { return json::parse(get(path).body)["done"] == 2000; }));
  EXPECT_EQ(json::parse(get(path).body)["total"], 4503);
  EXPECT_EQ(post(path + "/cancel").status, 200);
  test::must_exec(other, "rollback");
  const json operation = ended(started);
  EXPECT_EQ(operation["state"], "cancelled");
  EXPECT_EQ(operation["done"], 3000);
  EXPECT_EQ(value("select count(*) from outbox_audit"), "3000") << "what was done stays done";
  EXPECT_EQ(value("select count(*) from outbox_exception where state = 'dead'"), "1503");
  EXPECT_EQ(post("/api/v1/operations/17/cancel").status, 404);
  EXPECT_EQ(get("/api/v1/operations/17").status, 404);
}

TEST_F(DeadLetterChangesTest, AThirdOperationHasToWait) {
  pg::Connection other = database_.connect();
  test::must_exec(other, "begin; select from outbox_exception for update");
  const std::string all = R"({"selection": {"filter": {}}})";
  const Reply first = post("/api/v1/dead-letters/retry", all);
  const Reply second = post("/api/v1/dead-letters/retry", all);
  EXPECT_EQ(first.status, 202);
  EXPECT_EQ(second.status, 202);
  const Reply third = post("/api/v1/dead-letters/retry", all);
  EXPECT_EQ(third.status, 409);
  EXPECT_THAT(detail(third), HasSubstr("2 operations run already"));
  test::must_exec(other, "rollback");
  const json ends[] = {ended(first), ended(second)};
  for (const json& end : ends) {
    EXPECT_EQ(end["state"], "done");
    EXPECT_EQ(end["done"], 3);
  }
  EXPECT_EQ(ends[0]["changed"].get<int>() + ends[1]["changed"].get<int>(), 3)
      << "one of them found nothing dead, and says so";
  EXPECT_EQ(value("select count(*) from outbox_audit"), "3");
}

TEST_F(DeadLetterChangesTest, AnEditThatCameTooLateHasFailed) {
  pg::Connection other = database_.connect();
  test::must_exec(other, "begin; select from outbox_exception where seq = 1 for update");
  const Reply started = post("/api/v1/dead-letters/retry",
                             R"({"selection": {"names": ["1"]}, "payload": "{\"price\": 2}"})");
  test::must_exec(other,
                  "update outbox_exception set state = 'discarded', holds_key = false "
                  "where seq = 1; commit");
  const json operation = ended(started);
  EXPECT_EQ(operation["state"], "failed");
  EXPECT_EQ(operation["changed"], 0);
  EXPECT_THAT(operation["error"].get<std::string>(), HasSubstr("no longer dead"));
  EXPECT_EQ(audit(), "");
}

TEST_F(DeadLetterChangesTest, AFailedOperationSaysWhy) {
  pg::Connection other = database_.connect();
  test::must_exec(other, "begin; select from outbox_exception for update");
  const Reply started = post("/api/v1/dead-letters/retry", R"({"selection": {"filter": {}}})");
  const json operation = ended(started);  // the lock's timeout
  EXPECT_EQ(operation["state"], "failed");
  EXPECT_TRUE(operation["error"].is_string());
  test::must_exec(other, "rollback");
  EXPECT_EQ(states("{dead}"), "1 dead, 2 dead, 3 dead");
}

using PauseRoutesTest = ApiTest;

TEST_F(PauseRoutesTest, PausesAndResumes) {
  const auto answer = [&](const std::string& path) {
    const Reply reply = post(path);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return json::parse(reply.body);
  };
  EXPECT_EQ(answer("/api/v1/pause"), (json{{"paused", true}, {"changed", true}}));
  EXPECT_EQ(answer("/api/v1/pause"), (json{{"paused", true}, {"changed", false}}));
  EXPECT_EQ(value("select paused from outbox_control"), "t");
  EXPECT_EQ(answer("/api/v1/resume"), (json{{"paused", false}, {"changed", true}}));
  EXPECT_EQ(value("select paused from outbox_control"), "f");
  EXPECT_EQ(audit(), "anonymous via api: pause, anonymous via api: resume");
  EXPECT_EQ(get("/api/v1/pause").status, 405);
}

TEST_F(PauseRoutesTest, TopicsArePausedByThemselves) {
  const auto changed = [&](const std::string& path) {
    const Reply reply = post(path);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return json::parse(reply.body) == json{{"changed", true}};
  };
  EXPECT_TRUE(changed("/api/v1/topics/orders%2Feu/pause"));
  EXPECT_FALSE(changed("/api/v1/topics/orders%2Feu/pause"));
  EXPECT_EQ(value("select paused_topics from outbox_control"), "{orders/eu}");
  EXPECT_TRUE(changed("/api/v1/topics/orders%2Feu/resume"));
  EXPECT_EQ(audit(), "anonymous via api: pause-topic, anonymous via api: resume-topic");
  EXPECT_EQ(post("/api/v1/topics/a%0Ab/pause").status, 422);
}

TEST_F(PauseRoutesTest, ShardsArePausedReleasedAndMoved) {
  exec("insert into outbox_relay (owner, renewals) values ('relay-1', 1), ('relay-2', 1)");
  exec("update outbox_shard set owner = 'relay-1', epoch = 5");
  EXPECT_EQ(post("/api/v1/shards/7/pause").body, R"({"changed":true})");
  EXPECT_EQ(post("/api/v1/shards/7/pause").body, R"({"changed":false})");
  EXPECT_EQ(post("/api/v1/shards/7/resume").body, R"({"changed":true})");
  EXPECT_EQ(post("/api/v1/shards/8/release").body, R"({"changed":true})");
  const Reply moved = post("/api/v1/shards/9/move", R"({"relay": "relay-2"})");
  EXPECT_EQ(moved.status, 202) << moved.body;
  EXPECT_EQ(moved.body, R"({"changed":true})");
  EXPECT_EQ(value("select string_agg(shard || ' ' || preferred, ', ') from outbox_shard "
                  "where preferred <> ''"),
            "9 relay-2");
  EXPECT_EQ(audit(),
            "anonymous via api: pause-shard, anonymous via api: resume-shard, "
            "anonymous via api: release-shard, anonymous via api: move-shard");
  EXPECT_EQ(post("/api/v1/shards/9/move", R"({"relay": "relay-3"})").status, 404);
  EXPECT_THAT(wrong_fields(post("/api/v1/shards/9/move", "{}")), testing::ElementsAre("#/relay"));
  for (const std::string shard : {"64", "-1", "x"}) {
    EXPECT_EQ(post("/api/v1/shards/" + shard + "/pause").status, 404) << shard;
  }
}

TEST_F(PauseRoutesTest, WhatIsWrongWithTheDatabaseIsNotTheCallersFault) {
  exec(
      "create function refuse() returns trigger language plpgsql as "
      "$$ begin raise 'no' using errcode = tg_argv[0]; end $$");
  const auto status = [&](const std::string& sqlstate) {
    exec(
        "create or replace trigger refuse before update on outbox_control execute function "
        "refuse('" +
        sqlstate + "')");
    const Reply reply = post("/api/v1/pause");
    EXPECT_EQ(reply.headers.find("Content-Type"), "application/problem+json");
    return reply.status;
  };
  EXPECT_EQ(status("42501"), 500) << "a missing privilege";
  EXPECT_EQ(status("42703"), 500) << "a missing column";
  EXPECT_EQ(status("40P01"), 503) << "a deadlock";
  EXPECT_EQ(status("23505"), 500);
  EXPECT_EQ(status("57014"), 503) << "as ever";
  exec("alter table outbox_exception rename to gone");
  EXPECT_EQ(post("/api/v1/dead-letters/retry", R"({"selection": {"names": ["1"]}})").status, 500);
}

TEST(ChangeRoutes, WhoeverMayOnlyLookChangesNothing) {
  Operations operations;
  http::Router router;
  add_change_routes(router, {nullptr, &operations});
  for (const http::Route* route : router.routes()) {
    EXPECT_EQ(route->access,
              route->method == "GET" ? http::Access::viewer : http::Access::operator_)
        << route->pattern;
  }
}

TEST(ChangeRoutes, TheCallerIsNamedInTheAudit) {
  http::Request request;
  EXPECT_EQ(actor_of(request), "anonymous via api");
  request.caller = http::Caller{"alice", http::Role::operator_};
  EXPECT_EQ(actor_of(request), "alice via api");
}

TEST(ChangeRoutes, AnOutboxInSqliteHasNone) {
  Operations operations;
  http::Router router;
  add_change_routes(router, {nullptr, &operations});
  http::Server server{http::testing::open_to_all(), std::move(router)};
  ASSERT_TRUE(server.start());
  const Reply reply = http::testing::request(server.port(), "POST", "/api/v1/pause");
  EXPECT_EQ(reply.status, 501);
  EXPECT_THAT(reply.body, HasSubstr("SQLite"));
}

TEST_F(PauseRoutesTest, AUserThatTheDatabaseDoesNotKnowIsTheRelaysFault) {
  std::string url = database_.url();
  const auto at = url.find("dbname=");
  admin::OutboxPool outbox{at == std::string::npos ? url.substr(0, url.rfind('/')) + "/no-such-one"
                                                   : url.substr(0, at) + "dbname=no-such-one",
                           "outbox"};
  Operations operations;
  http::Router router;
  add_change_routes(router, {&outbox, &operations});
  http::Server server{http::testing::open_to_all(), std::move(router)};
  ASSERT_TRUE(server.start());
  EXPECT_GE(http::testing::request(server.port(), "POST", "/api/v1/pause").status, 500);
}

TEST(ChangeRoutes, ADatabaseThatIsAwayIsSaid) {
  admin::OutboxPool outbox{"postgresql://nobody@127.0.0.1:1/none", "outbox"};
  Operations operations;
  http::Router router;
  add_change_routes(router, {&outbox, &operations});
  http::Server server{http::testing::open_to_all(), std::move(router)};
  ASSERT_TRUE(server.start());
  const Reply reply = http::testing::request(server.port(), "POST", "/api/v1/pause");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.headers.find("Retry-After"), "1");
}

}  // namespace
}  // namespace outbox::api
