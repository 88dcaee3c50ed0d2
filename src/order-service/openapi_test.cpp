// Holds openapi.json against the running service.
#include <functional>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "order-service/handlers.hpp"
#include "order-service/service_test_support.hpp"
#include "support/http/health.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/http/json_schema.hpp"

namespace outbox::orders {
namespace {

using http::testing::violations;
using nlohmann::json;
using std::chrono::milliseconds;
using testing::body_of;
using testing::kOrderBody;
using testing::Reply;
using testing::RunningService;

constexpr std::string_view kSimpleBody = R"({"productId":"p","quantity":1,"price":1.5})";
const std::string kOneMebibyte(1024 * 1024, ' ');

const json& document() {
  static const json kDocument = json::parse(openapi_document());
  return kDocument;
}

// "post /v1/orders 201": an operation and one of its answers.
std::string name_of(std::string_view operation, int status) {
  return std::string(operation) + " " + std::to_string(status);
}

std::set<std::string> documented_answers() {
  std::set<std::string> names;
  for (const auto& [path, item] : document()["paths"].items()) {
    for (const auto& [method, operation] : item.items()) {
      for (const auto& [status, response] : operation["responses"].items()) {
        if (status != "default") names.insert(method + " " + path + " " + status);
      }
    }
  }
  return names;
}

std::string report(const std::vector<std::string>& broken) {
  std::string text;
  for (const std::string& one : broken)
    text += one + "\n";
  return text;
}

void check_headers(const json& documented, const Reply& reply) {
  const json headers = documented.value("headers", json::object());
  for (const auto& [name, header] : headers.items()) {
    const auto value = reply.headers.find(name);
    if (!value) {
      EXPECT_EQ(name, "Idempotency-Replayed") << "the header is missing";
      continue;
    }
    EXPECT_EQ(report(violations(document(), header["schema"], std::string(*value), name)), "");
  }
}

// The answer is as the document says for this operation and status.
void check_answer(std::string_view operation, const Reply& reply) {
  const std::string method(operation.substr(0, operation.find(' ')));
  const std::string path(operation.substr(operation.find(' ') + 1));
  const json& responses = document()["paths"][path][method]["responses"];
  ASSERT_TRUE(responses.contains(std::to_string(reply.status)))
      << operation << " answers " << reply.status << ": " << reply.body.substr(0, 300);
  const json& documented = responses[std::to_string(reply.status)];
  std::string type(reply.headers.find("Content-Type").value_or(""));
  type = type.substr(0, type.find(';'));
  ASSERT_TRUE(documented["content"].contains(type)) << operation << " " << type;
  const json body = type == "text/plain" ? json(reply.body) : body_of(reply);
  EXPECT_EQ(report(violations(document(), documented["content"][type]["schema"], body)), "")
      << name_of(operation, reply.status) << ": " << reply.body.substr(0, 500);
  check_headers(documented, reply);
}

class OpenApi : public testing::OnEachStore {
 protected:
  // Checks an answer against the document and notes that it was seen.
  void see(std::string_view operation, int status, const Reply& reply) {
    EXPECT_EQ(reply.status, status) << operation << ": " << reply.body.substr(0, 300);
    check_answer(operation, reply);
    seen_.insert(name_of(operation, reply.status));
  }

  void see_creations(std::string_view path, const std::string& body) {
    const std::string operation = "post " + std::string(path);
    see(operation, 201, service_.post(path, body));
    see(operation, 400, service_.post(path, "{"));
    see(operation, 413, service_.post(path, kOneMebibyte + body));
    see(operation, 415,
        http::testing::request(service_.port(), "POST", path, body,
                               "Content-Type: text/plain\r\n"));
    see(operation, 422, service_.post(path, "{}"));
    const std::string key = "Idempotency-Key: for" + std::string(path) + "\r\n";
    see(operation, 201, service_.post(path, body, key));
    see(operation, 201, service_.post(path, body, key));
    see(operation, 422, service_.post(path, body + " ", key));
    const json& schema = document()["paths"][std::string(path)]["post"]["requestBody"]["content"]
                                   ["application/json"]["schema"];
    EXPECT_EQ(report(violations(document(), schema, json::parse(body))), "");
    EXPECT_NE(report(violations(document(), schema, json::object())), "");
  }

  // A request that is held for too long gets 503 in the end; its twin 409 at once.
  void see_a_held_transaction(std::string_view path, const std::string& body) {
    const std::string operation = "post " + std::string(path);
    const std::string key = "Idempotency-Key: held" + std::string(path) + "\r\n";
    std::jthread first([&] { see(operation, 503, service_.post(path, body, key)); });
    ASSERT_TRUE(service_.holds_transactions(1));
    const Reply twin = service_.post(path, body, key);
    first.join();
    see(operation, 409, twin);
  }

  void see_order_routes() {
    const Reply created = service_.post("/v1/orders", kOrderBody);
    const std::string path(*created.headers.find("Location"));
    const std::string unknown = "/v1/orders/01890000-0000-7000-8000-000000000001";
    see("get /v1/orders", 200, service_.get("/v1/orders?limit=1"));
    see("get /v1/orders", 400, service_.get("/v1/orders?limit=0"));
    see("get /v1/orders/{id}", 200, service_.get(path));
    see("get /v1/orders/{id}", 404, service_.get(unknown));
    const std::string cancel = "post /v1/orders/{id}/cancel";
    see(cancel, 200, service_.post(path + "/cancel", R"({"reason":"late"})"));
    see(cancel, 400, service_.post(path + "/cancel", "{"));
    see(cancel, 404, service_.post(unknown + "/cancel", ""));
    see(cancel, 413, service_.post(path + "/cancel", kOneMebibyte + "{}"));
    see(cancel, 415,
        http::testing::request(service_.port(), "POST", path + "/cancel", "{}",
                               "Content-Type: text/plain\r\n"));
    see(cancel, 422, service_.post(path + "/cancel", R"({"reason":7})"));
    see("get /v1/orders/{id}", 200, service_.get(path));
  }

  void see_operations_routes() {
    see("get /openapi.json", 200, service_.get("/openapi.json"));
    see("get /livez", 200, service_.get("/livez"));
    see("get /readyz", 200, service_.get("/readyz?verbose"));
    see("get /metrics", 200, service_.get("/metrics"));
  }

  void see_an_away_database() {
    const std::string path(*service_.post("/v1/orders", kOrderBody).headers.find("Location"));
    service_.database().close_database();
    see("get /v1/orders", 503, service_.get("/v1/orders"));
    see("get /v1/orders/{id}", 503, service_.get(path));
    see("post /v1/orders/{id}/cancel", 503, service_.post(path + "/cancel", ""));
    EXPECT_TRUE(test::eventually([&] { return service_.get("/readyz").status == 503; }));
    see("get /readyz", 503, service_.get("/readyz?verbose"));
  }

  RunningService service_{GetParam(), {.database_statement_timeout = milliseconds(1'000)}};
  std::set<std::string> seen_;
};

INSTANTIATE_TEST_SUITE_P(Stores, OpenApi, testing::each_store(), testing::store_name);

TEST_P(OpenApi, EachDocumentedAnswerIsGivenAsDocumented) {
  see_creations("/v1/orders", std::string(kOrderBody));
  see_creations("/orders", std::string(kSimpleBody));
  service_.database().hold_transactions();
  see_a_held_transaction("/v1/orders", std::string(kOrderBody));
  see_a_held_transaction("/orders", std::string(kSimpleBody));
  service_.database().release_transactions();
  see_order_routes();
  see_operations_routes();
  see_an_away_database();
  EXPECT_EQ(seen_, documented_answers());
}

TEST_P(OpenApi, EachRouteIsDocumentedAndNoOther) {
  const auto store = open_store({.url = service_.database().url()}, {});
  ASSERT_TRUE(store.ok()) << store.error().message;
  ServiceMetrics metrics;
  http::Router router;
  add_order_routes(router, **store, metrics, {nullptr, 0});
  http::add_health_routes(router, {}, [] { return std::string(); });
  std::set<std::string> routes;
  for (const http::Route* route : router.routes()) {
    routes.insert((route->method == "GET" ? "get " : "post ") + route->pattern);
  }
  std::set<std::string> documented;
  for (const auto& [path, item] : document()["paths"].items()) {
    for (const auto& [method, operation] : item.items())
      documented.insert(method + " " + path);
  }
  EXPECT_EQ(routes, documented);
}

TEST_P(OpenApi, TheServedDocumentIsTheFile) {
  EXPECT_EQ(body_of(service_.get("/openapi.json")), document());
  EXPECT_EQ(document()["openapi"], "3.1.0");
}

TEST(JsonSchema, FindsWhatIsBroken) {
  const json schema = json::parse(R"({"type":"object","required":["a"],"additionalProperties":false,
      "properties":{"a":{"type":["string","null"],"maxLength":2,"pattern":"^x"},
                    "b":{"type":"array","items":{"type":"integer","minimum":1},"maxItems":2},
                    "c":{"oneOf":[{"type":"string"},{"enum":["y",1]}]}}})");
  const auto broken = [&](std::string_view value) {
    return !violations({}, schema, json::parse(value)).empty();
  };
  EXPECT_FALSE(broken(R"({"a":"xé","b":[1,2],"c":1})"));
  EXPECT_FALSE(broken(R"({"a":null})"));
  for (const std::string_view value :
       {"[]", "{}", R"({"a":1})", R"({"a":"xyz"})", R"({"a":"y"})", R"({"a":"x","d":1})",
        R"({"a":"x","b":[0]})", R"({"a":"x","b":[1.5]})", R"({"a":"x","b":[1,1,1]})",
        R"({"a":"x","c":"y"})", R"({"a":"x","c":2})"}) {
    EXPECT_TRUE(broken(value)) << value;
  }
  EXPECT_FALSE(violations({}, json::parse(R"({"minProperties":1})"), json::object()).empty());
}

}  // namespace
}  // namespace outbox::orders
