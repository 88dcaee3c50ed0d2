// Holds openapi.json against the running server.
#include <algorithm>
#include <atomic>
#include <cctype>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "outbox-processor/api/api_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/http/json_schema.hpp"

namespace outbox::api {
namespace {

using http::testing::Reply;
using http::testing::violations;
using nlohmann::json;
using testing::IsEmpty;

const json& document() {
  static const json kDocument = json::parse(openapi_document());
  return kDocument;
}

std::string lower(std::string text) {
  for (char& c : text)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// Sessions need tokens, and a stream of events has no end: tests/security/document_test.cpp.
bool elsewhere(const std::string& operation) {
  return operation.ends_with("/session") || operation.ends_with("/events");
}

std::set<std::string> documented_answers() {
  std::set<std::string> answers;
  for (const auto& [path, item] : document()["paths"].items()) {
    for (const auto& [method, operation] : item.items()) {
      const std::string name = method + " " + path;
      if (elsewhere(name)) continue;
      for (const auto& [status, answer] : operation["responses"].items()) {
        if (status != "default") answers.insert(name + " " + status);
      }
    }
  }
  return answers;
}

json resolved(const json& node) {
  if (!node.contains("$ref")) return node;
  return document().at(json::json_pointer(node["$ref"].get<std::string>().substr(1)));
}

class OpenApiTest : public ApiReadTest {
 protected:
  // The answer is as the document says for this operation ("get /api/v1/shards") and status.
  void see(const std::string& operation, int status, const Reply& reply) {
    ASSERT_EQ(reply.status, status) << operation << ": " << reply.body.substr(0, 500);
    const std::string method = operation.substr(0, operation.find(' '));
    const std::string path = operation.substr(operation.find(' ') + 1);
    const json& responses = document()["paths"][path][method]["responses"];
    const std::string number = std::to_string(status);
    ASSERT_TRUE(responses.contains(number)) << operation << " answers " << number;
    const json answer = resolved(responses[number]);
    std::string type{reply.headers.find("Content-Type").value_or("")};
    type = type.substr(0, type.find(';'));
    ASSERT_TRUE(answer["content"].contains(type)) << operation << " answers with " << type;
    EXPECT_THAT(violations(document(), answer["content"][type]["schema"], json::parse(reply.body)),
                IsEmpty())
        << operation << " " << number << ": " << reply.body.substr(0, 2'000);
    const json headers = answer.value("headers", json::object());
    for (const auto& [name, header] : headers.items())
      EXPECT_TRUE(reply.headers.find(name)) << operation << " " << number << " lacks " << name;
    seen_.insert(operation + " " + number);
  }
  void see_get(const std::string& path, int status, const std::string& target) {
    see("get /api/v1" + path, status, api_->ask("GET", "/api/v1" + target));
  }
  void see_post(const std::string& path, int status, const std::string& body,
                const std::string& headers = {}) {
    see("post /api/v1" + path, status, api_->ask("POST", "/api/v1" + path, body, headers));
  }

  void see_reading() {
    for (const auto& [path, target] : std::vector<std::pair<std::string, std::string>>{
             {"/overview", "/overview"},
             {"/history", "/history"},
             {"/messages", "/messages"},
             {"/messages/{name}", "/messages/1"},
             {"/messages/{name}", "/messages/2"},
             {"/messages/{name}", "/messages/4"},
             {"/messages/{name}/trace", "/messages/1/trace"},
             {"/messages/{name}/trace", "/messages/9/trace"},
             {"/dead-letters", "/dead-letters"},
             {"/dead-letters/groups", "/dead-letters/groups"},
             {"/operations", "/operations"},
             {"/topics", "/topics"},
             {"/aggregates", "/aggregates"},
             {"/aggregates/{type}/{id}", "/aggregates/order/b"},
             {"/shards", "/shards"},
             {"/config", "/config"},
             {"/audit", "/audit"},
             {"/openapi.json", "/openapi.json"}}) {
      see_get(path, 200, target);
    }
    see_get("/messages", 200, "/messages?status=dead&limit=1");
    see_get("/messages/{name}", 404, "/messages/77");
    see_get("/messages/{name}/trace", 404, "/messages/77/trace");
    see_get("/operations/{id}", 404, "/operations/77");
    for (const auto& [path, target] : std::vector<std::pair<std::string, std::string>>{
             {"/history", "/history?minutes=0"},
             {"/messages", "/messages?limit=0"},
             {"/messages/{name}", "/messages/x"},
             {"/messages/{name}/trace", "/messages/x/trace"},
             {"/dead-letters", "/dead-letters?x=1"},
             {"/dead-letters/groups", "/dead-letters/groups?x=1"},
             {"/topics", "/topics?x=1"},
             {"/aggregates", "/aggregates?x=1"},
             {"/aggregates/{type}/{id}", "/aggregates/order/b?x=1"},
             {"/shards", "/shards?x=1"},
             {"/config", "/config?x=1"},
             {"/audit", "/audit?seq=x"}}) {
      see_get(path, 422, target);
    }
  }

  void see_changes() {
    see_post("/pause", 200, "");
    see_post("/resume", 200, "");
    const std::string dead = R"({"selection":{"names":["2"]})";
    see_post("/dead-letters/retry", 200, dead + R"(,"dryRun":true})");
    see_post("/dead-letters/discard", 200, dead + R"(,"dryRun":true})");
    see_post("/dead-letters/discard", 409, dead + R"(,"confirm":"discard 7"})");
    see_post("/replay", 200, R"({"filter":{"aggregateId":"a"},"dryRun":true})");
    see_post("/dead-letters/retry", 409, R"({"selection":{"names":["1"]}})");
    see_post("/dead-letters/retry", 404, R"({"selection":{"names":["77"]}})");
    see_post("/dead-letters/discard", 404,
             R"({"selection":{"names":["77"]},"confirm":"discard 1"})");
    see_post("/dead-letters/retry", 422, "{}");
    see_post("/dead-letters/discard", 422, "{}");
    see_post("/replay", 422, "{}");
    for (const std::string path : {"/dead-letters/retry", "/dead-letters/discard", "/replay"}) {
      see_post(path, 400, "{");
      see_post(path, 415, "{}", "Content-Type: text/plain\r\n");
    }
    see_too_many_operations();
    see_post("/dead-letters/retry", 202, dead + "}");
    wait_for_operations();
    const Reply discarded =
        api_->ask("POST", "/api/v1/dead-letters/discard", dead + R"(,"confirm":"discard 1"})");
    see("post /api/v1/dead-letters/discard", 202, discarded);
    wait_for_operations();
    see_post("/replay", 202, R"({"filter":{"aggregateId":"a"}})");
    const std::string id = json::parse(discarded.body)["id"];
    see_get("/operations/{id}", 200, "/operations/" + id);
    see("post /api/v1/operations/{id}/cancel", 200,
        api_->ask("POST", "/api/v1/operations/" + id + "/cancel"));
    see("post /api/v1/operations/{id}/cancel", 404,
        api_->ask("POST", "/api/v1/operations/77/cancel"));
  }

  void wait_for_operations() {
    EXPECT_TRUE(test::eventually([&] {
      const auto all = api_->operations().all();
      return std::none_of(all.begin(), all.end(), [](const Operation& operation) {
        return operation.state == Operation::State::running;
      });
    }));
  }
  void see_too_many_operations() {
    std::atomic<bool> over = false;
    for (std::size_t i = 0; i < Operations::kAtOnce; ++i) {
      EXPECT_TRUE(api_->operations().start("replay", "ada", 0, [&](Operations::Progress&) {
        EXPECT_TRUE(test::eventually([&] { return over.load(); }));
        return Result<void>{};
      }));
    }
    see_post("/replay", 409, R"({"filter":{"aggregateId":"a"}})");
    over = true;
    wait_for_operations();
  }
  void see_topic_and_shard_changes() {
    const std::string no_topic(1'000, 'a');
    for (const std::string what : {"pause", "resume"}) {
      see("post /api/v1/topics/{topic}/" + what, 200,
          api_->ask("POST", "/api/v1/topics/orders/" + what));
      see("post /api/v1/topics/{topic}/" + what, 422,
          api_->ask("POST", "/api/v1/topics/" + no_topic + "/" + what));
    }
    for (const std::string what : {"pause", "resume", "release"}) {
      see("post /api/v1/shards/{shard}/" + what, 200,
          api_->ask("POST", "/api/v1/shards/3/" + what));
      see("post /api/v1/shards/{shard}/" + what, 404,
          api_->ask("POST", "/api/v1/shards/64/" + what));
    }
    const auto move = [this](int status, const std::string& shard, const std::string& body,
                             const std::string& headers = {}) {
      see("post /api/v1/shards/{shard}/move", status,
          api_->ask("POST", "/api/v1/shards/" + shard + "/move", body, headers));
    };
    move(202, "3", R"({"relay":"host:1"})");
    move(400, "3", "{");
    move(404, "64", R"({"relay":"host:1"})");
    move(415, "3", "{}", "Content-Type: text/plain\r\n");
    move(422, "3", "{}");
    see_get("/shards", 200, "/shards");
    exec(
        "update outbox_control set mode = 'wal', slot = 's', slot_lsn = '0/1', "
        "slot_snapshot = '1:1:', paused_topics = "
        "(select array_agg('t' || i) from generate_series(1, 1000) i)");
    see("post /api/v1/topics/{topic}/pause", 409, api_->ask("POST", "/api/v1/topics/orders/pause"));
    see("post /api/v1/shards/{shard}/pause", 409, api_->ask("POST", "/api/v1/shards/3/pause"));
    see_get("/overview", 200, "/overview");
  }

  // Where the outbox is in SQLite, or away.
  void see_without_outbox(const ApiServer& server, int status) {
    for (const auto& [path, item] : document()["paths"].items()) {
      for (const auto& [method, operation] : item.items()) {
        const std::string name = method + " " + path;
        if (elsewhere(name) || !operation["responses"].contains(std::to_string(status))) continue;
        std::string target = path;
        for (const auto& [parameter, filled] :
             std::vector<std::pair<std::string, std::string>>{{"{name}", "1"},
                                                              {"{type}", "order"},
                                                              {"{id}", "b"},
                                                              {"{topic}", "orders"},
                                                              {"{shard}", "3"}}) {
          const std::size_t at = target.find(parameter);
          if (at != std::string::npos) target.replace(at, parameter.size(), filled);
        }
        see(name, status, server.ask(method == "get" ? "GET" : "POST", target, body_of(path)));
      }
    }
  }
  static std::string body_of(const std::string& path) {
    if (path.ends_with("/move")) return R"({"relay":"host:1"})";
    if (path.ends_with("/replay")) return R"({"filter":{"aggregateId":"a"}})";
    if (path.find("/dead-letters/") == std::string::npos || path.ends_with("/groups")) return "";
    return R"({"selection":{"names":["2"]},"dryRun":true})";
  }

  std::set<std::string> seen_;
};

TEST_F(OpenApiTest, EachDocumentedAnswerIsGivenAsDocumented) {
  exec(
      "insert into outbox_attempt (seq, attempt, relay, error) values (2, 1, 'host:1', 'too "
      "large')");
  exec("insert into outbox_audit (actor, action, seq) values ('ada', 'edit', 2)");
  exec("insert into outbox_relay (owner) values ('host:1')");
  consumed_ = value("select id from outbox where seq = 1");
  Record record;
  Delivery delivery;
  delivery.topic = "orders";
  api_->observer().acknowledged(record, delivery);
  api_->observer().deliveries_taken();
  see_reading();
  see_changes();
  see_topic_and_shard_changes();
  see_without_outbox(ApiServer{database_.url(), "http://127.0.0.1:1", true}, 501);
  see_without_outbox(ApiServer{"postgresql://127.0.0.1:1/away", "http://127.0.0.1:1"}, 503);
  EXPECT_EQ(seen_, documented_answers());
}

TEST_F(OpenApiTest, EachRouteIsDocumentedAndNoOther) {
  std::set<std::string> routes;
  for (const http::Route* route : api_->router().routes())
    routes.insert(lower(route->method) + " " + route->pattern);
  std::set<std::string> documented;
  for (const auto& [path, item] : document()["paths"].items()) {
    for (const auto& [method, operation] : item.items()) {
      const std::string name = method + " " + path;
      if (!elsewhere(name) || routes.contains(name)) documented.insert(name);
    }
  }
  EXPECT_EQ(routes, documented);
}

TEST(ReadRoutes, AreForWhoeverMayLook) {
  http::Router router;
  add_read_routes(router, {});
  for (const http::Route* route : router.routes())
    EXPECT_EQ(route->access, http::Access::viewer) << route->pattern;
}

TEST_F(OpenApiTest, TheServedDocumentIsTheFile) {
  EXPECT_EQ(json::parse(api_->ask("GET", "/api/v1/openapi.json").body), document());
  EXPECT_EQ(document()["openapi"], "3.1.0");
  std::set<std::string> ids;
  for (const auto& [path, item] : document()["paths"].items()) {
    for (const auto& [method, operation] : item.items())
      EXPECT_TRUE(ids.insert(operation["operationId"]).second) << path;
  }
}

}  // namespace
}  // namespace outbox::api
