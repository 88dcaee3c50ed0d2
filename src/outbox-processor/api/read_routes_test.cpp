// What the API tells, over HTTP.
#include "outbox-processor/api/read_routes.hpp"

#include <atomic>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "outbox-processor/api/api_fixture.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::api {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kViewer = "Test-Role: viewer\r\n";
constexpr std::string_view kOperator = "Test-Role: operator\r\n";

std::vector<std::string> seqs(const json& page) {
  std::vector<std::string> seqs;
  for (const json& item : page["items"])
    seqs.push_back(item["seq"]);
  return seqs;
}

TEST_F(ApiReadTest, TheOverviewCountsWhatIsPending) {
  api_->observer().source_connected({});
  const json told = get("/api/v1/overview");
  EXPECT_EQ(told["pending"], 1);
  EXPECT_EQ(told["failed"], (json{{"retrying", 1}, {"heldKeys", 1}, {"dead", 1}}));
  EXPECT_EQ(told["shards"]["total"], 64);
  EXPECT_EQ(told["paused"], false);
  EXPECT_TRUE(told["source"]["problem"].is_null()) << told;
  exec("update outbox_control set paused = true");
  EXPECT_EQ(get("/api/v1/overview")["paused"], true);
}

TEST_F(ApiReadTest, AnOverviewWithoutTheDatabaseSaysWhy) {
  exec("alter table outbox rename to gone");
  const json told = get("/api/v1/overview");
  EXPECT_TRUE(told["pending"].is_null());
  EXPECT_TRUE(told["source"]["problem"].is_string());
  EXPECT_EQ(told["alerts"][0]["id"], "source-down");
}

TEST_F(ApiReadTest, TheHistoryFillsWhileTheMonitorRuns) {
  EXPECT_EQ(get("/api/v1/history"), (json{{"stepSeconds", 10}, {"points", json::array()}}));
  api_->monitor().start();
  EXPECT_TRUE(test::eventually([&] { return !get("/api/v1/history")["points"].empty(); }));
  EXPECT_EQ(get("/api/v1/history?minutes=1")["points"][0]["pending"], 1);
  EXPECT_TRUE(test::eventually(
      [&] { return get("/api/v1/overview")["consumers"]["reachable"].is_boolean(); }));
  EXPECT_EQ(get("/api/v1/overview")["consumers"]["reachable"], true);
}

TEST_F(ApiReadTest, TheOverviewTellsHowFarConsumersAre) {
  const json groups = get("/api/v1/overview")["consumers"]["groups"];
  EXPECT_EQ(groups[0]["lag"], 3);
  EXPECT_EQ(groups[0]["topics"], (json{{{"topic", "orders"}, {"lag", 3}}}));
  EXPECT_TRUE(groups[1]["lag"].is_null());
  EXPECT_EQ(groups[1]["problem"], "no broker answers");
}

TEST_F(ApiReadTest, ARelaysLeaseIsShownWithItsLastRenewal) {
  exec("insert into outbox_relay (owner) values ('host:1'), ('host:2')");
  const auto relay = [&](std::size_t at) { return get("/api/v1/shards")["relays"][at]; };
  EXPECT_EQ(relay(0)["leaseSeconds"], 10);
  EXPECT_TRUE(relay(0)["lastRenewalSeconds"].is_null()) << "nobody watches yet";
  api_->observer().source_connected({});
  api_->monitor().start();
  EXPECT_TRUE(test::eventually([&] {
    exec("update outbox_relay set renewals = renewals + 1 where owner = 'host:1'");
    return relay(0)["lastRenewalSeconds"].is_number();
  }));
  EXPECT_LT(relay(0)["lastRenewalSeconds"], 5);
  EXPECT_TRUE(relay(1)["lastRenewalSeconds"].is_null()) << "it was not seen to renew";
  EXPECT_TRUE(test::eventually([&] { return relay(0)["lastRenewalSeconds"] > 1.5; }))
      << "it renews no more";
}

TEST_F(ApiReadTest, ListenersAreToldEachSecondUntilTheyHaveEnough) {
  std::atomic<int> told = 0;
  api_->monitor().listen([&](const std::string& overview) {
    EXPECT_EQ(json::parse(overview)["pending"], 1);
    return ++told < 2;
  });
  api_->monitor().start();
  EXPECT_TRUE(test::eventually([&] { return told == 2; }));
  api_->monitor().stop();
  EXPECT_EQ(told, 2);
}

TEST_F(ApiReadTest, MessagesAreListedFilteredAndPaged) {
  const json first = get("/api/v1/messages?limit=4");
  EXPECT_EQ(seqs(first), (std::vector<std::string>{"9", "8", "7", "6"}));
  EXPECT_EQ(first["complete"], true);
  EXPECT_TRUE(first["searchedTo"].is_null());
  const json second =
      get("/api/v1/messages?limit=4&cursor=" + first["nextCursor"].get<std::string>());
  EXPECT_EQ(seqs(second), (std::vector<std::string>{"5", "4", "3", "2"}));
  EXPECT_EQ(seqs(get("/api/v1/messages?status=held&order=asc")),
            (std::vector<std::string>{"3", "4"}));
  EXPECT_EQ(seqs(get("/api/v1/messages?topic=orders&aggregateType=order&since=1h")),
            (std::vector<std::string>{"1"}));
}

TEST_F(ApiReadTest, AParameterThatIsNotThereIsNamed) {
  for (const char* target :
       {"/api/v1/messages?staus=dead", "/api/v1/messages?limit=0", "/api/v1/messages?order=up",
        "/api/v1/messages?status=dead&status=held", "/api/v1/history?minutes=61",
        "/api/v1/audit?seq=x", "/api/v1/aggregates?limit=201", "/api/v1/shards?x=1"}) {
    const auto reply = api_->ask("GET", target);
    EXPECT_EQ(reply.status, 422) << target;
    EXPECT_EQ(reply.headers.find("Content-Type"), "application/problem+json");
  }
  EXPECT_THAT(api_->ask("GET", "/api/v1/messages?staus=dead").body,
              HasSubstr("there is no parameter staus"));
}

TEST_F(ApiReadTest, AMessageIsShownWhole) {
  exec(
      "insert into outbox_attempt (seq, attempt, relay, error) values (2, 1, 'host:1', 'too "
      "large')");
  exec("insert into outbox_audit (actor, action, seq) values ('ada', 'edit', 2)");
  const json message = get("/api/v1/messages/2", kOperator)["items"][0];
  EXPECT_EQ(message["status"], "dead");
  EXPECT_EQ(message["exception"]["holdsKey"], true);
  EXPECT_EQ(message["failures"][0]["error"], "too large");
  EXPECT_EQ(message["audit"][0]["action"], "edit");
  EXPECT_EQ(message["payload"]["encoding"], "json");
  EXPECT_THAT(message["payload"]["content"].get<std::string>(), HasSubstr("Ada"));
  EXPECT_EQ(message["payload"]["masked"], false);
  const std::string id = message["id"];
  EXPECT_EQ(get("/api/v1/messages/" + id)["items"][0]["seq"], "2");
  EXPECT_EQ(get("/api/v1/messages/4")["items"][0]["waitsBehind"],
            (json{{"seq", "2"}, {"state", "dead"}}));
  EXPECT_EQ(get("/api/v1/messages/1")["items"][0]["receipts"][0]["offset"], "9007199254740993");
  EXPECT_EQ(api_->ask("GET", "/api/v1/messages/77").status, 404);
  EXPECT_EQ(api_->ask("GET", "/api/v1/messages/x").status, 422);
}

TEST_F(ApiReadTest, WhatIsMaskedShowsToOperatorsAlone) {
  for (const std::string_view caller : {kViewer, std::string_view{}}) {
    const json payload = get("/api/v1/messages/1", caller)["items"][0]["payload"];
    EXPECT_EQ(payload["content"], R"({"customer": "***", "n": 12})");
    EXPECT_EQ(payload["masked"], true);
    // Nor by guessing.
    EXPECT_EQ(
        api_->ask("GET", "/api/v1/messages?path=$.customer.name&value=Ada", {}, caller).status,
        422);
    EXPECT_EQ(api_->ask("GET", "/api/v1/messages?path=$.n&value=12", {}, caller).status, 200);
  }
  EXPECT_EQ(get("/api/v1/messages?path=$.customer.name&value=Ada", kOperator)["items"].size(), 9U);
}

TEST_F(ApiReadTest, ATraceAsksTheConsumer) {
  consumed_ = value("select id from outbox where seq = 1");
  const json trace = get("/api/v1/messages/1/trace");
  EXPECT_EQ(trace["message"]["seq"], "1");
  for (const json& stage : trace["stages"])
    EXPECT_EQ(stage["known"], true) << stage;
  EXPECT_EQ(trace["stages"][4]["detail"],
            (json{{"kind", "created"}, {"duplicates", 1}, {"reference", "inv-1"}}));
  const json pending = get("/api/v1/messages/9/trace");
  EXPECT_EQ(pending["stages"][2]["missing"], "it was not sent yet");
  EXPECT_EQ(pending["stages"][3]["missing"], "the consumer has not seen it");
  consumer_->stop();
  EXPECT_THAT(get("/api/v1/messages/1/trace")["stages"][3]["missing"].get<std::string>(),
              HasSubstr("does not answer"));
}

TEST_F(ApiReadTest, DeadLettersAggregatesAndTheAuditAreListed) {
  EXPECT_EQ(seqs(get("/api/v1/dead-letters?error=too%20large")), (std::vector<std::string>{"2"}));
  EXPECT_EQ(get("/api/v1/dead-letters/groups")["groups"][0]["filter"], "too large: ");
  EXPECT_EQ(get("/api/v1/aggregates?prefix=b")["items"], json::array({{{"aggregateId", "b"}}}));
  const json aggregate = get("/api/v1/aggregates/order/b");
  EXPECT_EQ(aggregate["blockedBy"]["seq"], "2");
  EXPECT_EQ(aggregate["heldCount"], 2);
  EXPECT_EQ(seqs(aggregate), (std::vector<std::string>{"2", "3", "4"}));
  exec("insert into outbox_audit (actor, action) values ('ada', 'pause')");
  EXPECT_EQ(get("/api/v1/audit?actor=ada")["items"][0]["action"], "pause");
}

TEST_F(ApiReadTest, TopicsTellWhatWentThereAndWhyNotMore) {
  Record record;
  Delivery delivery;
  delivery.topic = "orders";
  api_->observer().acknowledged(record, delivery);
  api_->observer().deliveries_taken();
  api_->observer().topic_failed(record, "bills", {ErrorCode::topic_unavailable, "no such topic"});
  const json topics = get("/api/v1/topics")["items"];
  ASSERT_EQ(topics.size(), 2U);
  EXPECT_EQ(topics[0]["topic"], "bills");
  EXPECT_EQ(topics[0]["pausedBySink"], "no such topic");
  EXPECT_EQ(topics[1]["published"], 1);
  EXPECT_TRUE(topics[1]["pausedBySink"].is_null());
}

TEST_F(ApiReadTest, ShardsNameThisRelay) {
  exec("insert into outbox_relay (owner) values ('host:1'), ('host:2')");
  const json shards = get("/api/v1/shards");
  EXPECT_EQ(shards["shards"].size(), 64U);
  EXPECT_EQ(shards["relays"][0]["self"], true);
  EXPECT_EQ(shards["relays"][1]["self"], false);
}

TEST_F(ApiReadTest, SettingsTellTheirSourceAndNoSecret) {
  const auto reply = api_->ask("GET", "/api/v1/config");
  EXPECT_THAT(reply.body, Not(HasSubstr("hidden")));
  const json told = json::parse(reply.body);
  EXPECT_EQ(told["schemaVersion"], told["newestSchemaVersion"]);
  std::map<std::string, json> settings;
  for (const json& setting : told["settings"])
    settings[setting["path"]] = setting;
  EXPECT_EQ(settings["source.url"]["value"], "postgresql://u:***@db/shop");
  EXPECT_EQ(settings["source.url"]["source"], "environment");
  EXPECT_EQ(settings["source.url"]["secret"], true);
  EXPECT_EQ(settings["http.port"]["source"], "flag");
  EXPECT_EQ(settings["http.port"]["value"], "0");
  EXPECT_EQ(settings["http.port"]["default"], "8080");
  EXPECT_EQ(settings["sink.type"]["value"], "kafka");
  EXPECT_EQ(settings["sink.type"]["source"], "default");
}

}  // namespace
}  // namespace outbox::api
