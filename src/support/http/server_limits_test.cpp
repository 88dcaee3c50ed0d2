// Clients that are slow on purpose, and who may call what.
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/http/server.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/http/test_client.hpp"

namespace outbox::http {
namespace {

using std::chrono::milliseconds;
using testing::Client;
using testing::request;

// Less than the server itself waits before it closes a connection.
constexpr std::chrono::seconds kBeforeTimeouts{20};

std::unique_ptr<Server> started(ServerOptions options) {
  Router router;
  router.add("GET", "/hello", [](const Request&) { return text_response(200, "hello"); });
  router.add("GET", "/large",
             [](const Request&) { return text_response(200, std::string(8 << 20, 'x')); });
  router.add("POST", "/echo", [](const Request& r) { return text_response(200, r.body); });
  router.add(
      "GET", "/read", [](const Request& r) { return text_response(200, r.caller->name); },
      Access::viewer);
  router.add(
      "POST", "/change", [](const Request&) { return text_response(200, "changed"); },
      Access::operator_);
  auto server = std::make_unique<Server>(std::move(options), std::move(router));
  const auto result = server->start();
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
  return server;
}

TEST(ServerLimits, ManyWhoAreBehindWithTheirHeadersKeepNobodyOut) {
  const auto server =
      started({.max_connections = 12, .max_reading = 4, .patience = milliseconds(50)});
  std::vector<std::unique_ptr<Client>> slow;
  for (int i = 0; i < 12; ++i) {
    slow.push_back(std::make_unique<Client>(server->port()));
    slow.back()->send("GET /hello HTTP/1.1\r\nHost:");
  }
  EXPECT_TRUE(
      test::eventually([&] { return request(server->port(), "GET", "/hello").status == 200; }));
  EXPECT_TRUE(slow.front()->closed_by_peer());  // the one that was behind for longest
}

TEST(ServerLimits, WhoIsBehindWithABodyGivesWay) {
  const auto server =
      started({.max_connections = 2, .max_reading = 1, .patience = milliseconds(50)});
  Client slow(server->port());
  slow.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel");
  EXPECT_TRUE(test::eventually(
      [&] { return request(server->port(), "GET", "/hello").status == 200 && !slow.send("x"); }));
}

TEST(ServerLimits, ManyWhoDoNotReadTheirAnswersKeepNobodyOut) {
  const auto server = started({.max_connections = 12, .patience = milliseconds(50)});
  std::vector<std::unique_ptr<Client>> deaf;
  for (int i = 0; i < 12; ++i) {
    deaf.push_back(std::make_unique<Client>(server->port(), 4096));
    for (int requests = 0; requests < 5; ++requests)
      deaf.back()->send_request("GET", "/large");
  }
  EXPECT_TRUE(test::eventually(
      [&] { return request(server->port(), "GET", "/hello").status == 200; }, kBeforeTimeouts));
}

TEST(ServerLimits, TheLongestIdleGivesWayWhenThereAreTooMany) {
  const auto server = started({.max_connections = 1, .patience = milliseconds(50)});
  Client idle(server->port());
  idle.send_request("GET", "/hello");
  EXPECT_EQ(idle.read()->status, 200);
  EXPECT_TRUE(
      test::eventually([&] { return request(server->port(), "GET", "/hello").status == 200; }));
  EXPECT_TRUE(idle.closed_by_peer());
}

TEST(ServerLimits, EveryAnswerHasTheSecurityHeaders) {
  const auto server = started({});
  for (const auto& reply :
       {request(server->port(), "GET", "/hello"), request(server->port(), "GET", "/nowhere"),
        request(server->port(), "DELETE", "/hello"), request(server->port(), "GET", "/%zz")}) {
    EXPECT_EQ(reply.headers.find("X-Content-Type-Options"), "nosniff") << reply.status;
    EXPECT_EQ(reply.headers.find("Content-Security-Policy"),
              "default-src 'none'; frame-ancestors 'none'");
    EXPECT_EQ(reply.headers.find("Referrer-Policy"), "no-referrer");
    const bool is_json = reply.headers.find("Content-Type") == "application/problem+json";
    EXPECT_EQ(reply.headers.find("Cache-Control").value_or("").empty(), !is_json);
  }
}

TEST(ServerGate, WithoutOneOnlyOpenRoutesAnswer) {
  const auto server = started({});
  EXPECT_EQ(request(server->port(), "GET", "/hello").status, 200);
  EXPECT_EQ(request(server->port(), "GET", "/read").status, 403);
  EXPECT_EQ(request(server->port(), "POST", "/change").status, 403);
}

// Knows everybody who sends X-Name, and nobody else.
class NameGate : public Gate {
 public:
  std::optional<Response> check(Request& asked, const Route* route) override {
    const auto name = asked.headers.find("X-Name");
    if (name == "broken") throw std::runtime_error("the gate is broken");
    if (name) asked.caller = Caller{std::string(*name), Role::operator_};
    seen_route = route == nullptr ? "none" : route->pattern;
    seen_peer = asked.peer;
    if (name || route == nullptr || route->access == Access::open) return std::nullopt;
    return problem(401, "Unauthorized", "say who you are");
  }
  std::string seen_route;
  std::string seen_peer;
};

TEST(ServerGate, IsAskedBeforeTheHandlerRuns) {
  auto gate = std::make_shared<NameGate>();
  const auto server = started({.gate = gate});
  EXPECT_EQ(request(server->port(), "GET", "/read").status, 401);
  EXPECT_EQ(request(server->port(), "GET", "/read", {}, "X-Name: ann\r\n").body, "ann");
  EXPECT_EQ(request(server->port(), "GET", "/nowhere").status, 404);
  EXPECT_EQ(gate->seen_route, "none");
  EXPECT_EQ(gate->seen_peer, "127.0.0.1");
  EXPECT_EQ(request(server->port(), "GET", "/read", {}, "X-Name: broken\r\n").status, 500);
}

TEST(ServerGate, TheBodyOfWhoIsRefusedIsNotAwaited) {
  const auto server = started({.gate = std::make_shared<NameGate>()});
  Client client(server->port());
  client.send("POST /change HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
  const auto reply = client.read();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 401);
  EXPECT_EQ(reply->headers.find("Connection"), "close");
}

}  // namespace
}  // namespace outbox::http
