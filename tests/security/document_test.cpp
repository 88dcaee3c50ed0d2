// openapi.json on the operations that need tokens or have no end. The others are held against the
// server where it is built (src/outbox-processor/api/openapi_test.cpp).
#include <cstdint>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/security/secured_relay.hpp"
#include "tests/support/http/json_schema.hpp"
#include "tests/support/http/test_client.hpp"

namespace outbox::security {
namespace {

using http::testing::Reply;
using nlohmann::json;

class SecurityDocument : public testing::Test {
 protected:
  // The answer to the operation has this status, and is as the document says of `described`.
  void see(const char* method, const char* path, const Reply& reply, const char* described,
           int status) {
    const std::string what = std::string(method) + " " + path + " answers ";
    checks_.expect(reply.status == status, what + std::to_string(reply.status) + reply.body);
    json answer = document_["paths"][path][method]["responses"][described];
    if (answer.contains("$ref")) answer = at(answer["$ref"]);
    if (!answer.contains("content")) {
      checks_.expect(reply.body.empty(), what + "with " + reply.body);
      return;
    }
    std::string type{reply.headers.find("Content-Type").value_or("")};
    type = type.substr(0, type.find(';'));
    checks_.expect(answer["content"].contains(type), what + "with " + type);
    if (!type.ends_with("json")) return;
    const auto broken = http::testing::violations(document_, answer["content"][type]["schema"],
                                                  json::parse(reply.body));
    checks_.expect(broken.empty(), what + "with " + reply.body);
  }
  [[nodiscard]] json at(const std::string& reference) const {
    return document_.at(json::json_pointer(reference.substr(1)));
  }
  [[nodiscard]] Reply session(const char* method, const std::string& body,
                              const std::string& extra = {}) const {
    return relay_.ask(
        {.method = method, .target = "/api/v1/session", .extra = extra, .body = body});
  }

  const SecuredRelay relay_;
  const json document_ = json::parse(relay_.ask({.target = "/api/v1/openapi.json"}).body);
  Checks checks_{"answers about sessions and events, beside openapi.json"};
};

TEST_F(SecurityDocument, TellsHowSessionsBeginAndEnd) {
  const char* path = "/api/v1/session";
  see("get", path, session("GET", ""), "200", 200);
  see("get", path, relay_.ask({.target = path, .token = relay_.viewer()}), "200", 200);
  see("post", path, session("POST", R"({"token":"obx_guess"})"), "default", 401);
  see("post", path, session("POST", "{}"), "default", 422);
  see("post", path, session("POST", "{"), "default", 400);
  const Reply begun = session("POST", R"({"token":")" + relay_.admin() + R"("})");
  see("post", path, begun, "200", 200);
  const std::string set(begun.headers.find("Set-Cookie").value_or(""));
  const std::string cookie = "Cookie: " + set.substr(0, set.find(';')) + "\r\n";
  see("get", path, session("GET", "", cookie), "200", 200);
  see("delete", path, session("DELETE", "", cookie), "default", 403);
  const std::string csrf = json::parse(begun.body)["csrfToken"];
  see("delete", path, session("DELETE", "", cookie + "X-Outbox-CSRF: " + csrf + "\r\n"), "204",
      204);
  const Reply after = session("GET", "", cookie);
  checks_.expect(json::parse(after.body)["role"] != "operator", "the session goes on after its end");
}

TEST_F(SecurityDocument, TellsWhatTheStreamOfEventsHolds) {
  http::testing::Client page(static_cast<std::uint16_t>(relay_.port()));
  page.send_request("GET", "/api/v1/events");
  const auto begun = page.read();
  ASSERT_TRUE(begun);
  see("get", "/api/v1/events", *begun, "200", 200);
  const std::string event = page.read_until("\n\n");
  const std::size_t data = event.find("data: ");
  ASSERT_NE(data, std::string::npos) << event;
  checks_.expect(event.find("event: overview\n") != std::string::npos, event);
  const json answer = document_["paths"]["/api/v1/overview"]["get"]["responses"]["200"];
  const auto broken = http::testing::violations(
      document_, answer["content"]["application/json"]["schema"],
      json::parse(event.substr(data + 6, event.find('\n', data) - data - 6)));
  checks_.expect(broken.empty(), event);
}

TEST(SecurityStreams, BeyondTheirNumberAreRefusedAsTheDocumentSays) {
  const SecuredRelay relay(e2e::Environment{{"OUTBOX_HTTP__MAX_EVENT_STREAMS", "1"}});
  Checks checks("streams of events beyond their number");
  http::testing::Client first(static_cast<std::uint16_t>(relay.port()));
  first.send_request("GET", "/api/v1/events");
  ASSERT_TRUE(first.read());
  const Reply second = relay.ask({.target = "/api/v1/events"});
  checks.expect(second.status == 503, "a second stream: " + std::to_string(second.status));
  checks.expect(second.headers.find("Content-Type") == "application/problem+json", second.body);
}

}  // namespace
}  // namespace outbox::security
