#include "outbox-processor/api/session.hpp"

#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "outbox-processor/admin_access.hpp"
#include "support/access/secret.hpp"
#include "tests/support/http/test_client.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::api {
namespace {

using http::testing::Reply;
using Json = nlohmann::json;

// The admin server with two routes of the API, at which ann is an operator.
class SessionTest : public ::testing::Test {
 protected:
  SessionTest() {
    EXPECT_TRUE(access::change_tokens(tokens_, [](std::vector<access::Token>& tokens) {
      tokens.push_back({"ann", http::Role::operator_, access::sha256_hex("secret")});
      return Result<void>{};
    }));
    Settings settings;
    settings.http_port = 0;
    settings.http_tokens_file = tokens_.string();
    auto access = make_access_control(settings);
    EXPECT_TRUE(access);
    http::Router router;
    router.add("POST", "/api/v1/pause",
               [](const http::Request& r) { return http::text_response(200, r.caller->name); });
    router.add("GET", "/api/v1/overview",
               [](const http::Request&) { return http::text_response(200, "all is well"); });
    add_session_routes(router, **access);
    restrict_api(router);
    server_ =
        std::make_unique<http::Server>(admin_server_options(settings, *access), std::move(router));
    const auto started = server_->start();
    EXPECT_TRUE(started) << started.error().message;
  }

  // On the loopback, by its address.
  Reply ask(const std::string& method, const std::string& target, const std::string& extra = {},
            const std::string& body = {}) {
    http::testing::Client client(server_->port());
    std::string bytes = method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " +
                        std::to_string(body.size()) + "\r\nConnection: close\r\n" + extra + "\r\n";
    bytes += body;
    client.send(bytes);
    const auto reply = client.read();
    EXPECT_TRUE(reply);
    return reply.value_or(Reply{});
  }
  Reply sign_in(const std::string& token) {
    return ask("POST", "/api/v1/session", "Content-Type: application/json\r\n",
               Json{{"token", token}}.dump());
  }
  static std::string cookie_of(const Reply& reply) {
    const std::string header(reply.headers.find("Set-Cookie").value_or(""));
    return "Cookie: " + header.substr(0, header.find(';')) + "\r\n";
  }

  test::TemporaryFolder folder_;
  std::filesystem::path tokens_ = folder_.path() / "tokens";
  std::unique_ptr<http::Server> server_;
};

TEST_F(SessionTest, ATokenSignsIn) {
  const Reply reply = sign_in("secret");
  EXPECT_EQ(reply.status, 200) << reply.body;
  const Json body = Json::parse(reply.body);
  EXPECT_EQ(body["name"], "ann");
  EXPECT_EQ(body["role"], "operator");
  EXPECT_EQ(reply.headers.find("Cache-Control"), "no-store");
  const std::string cookie = cookie_of(reply);
  const std::string csrf = "X-Outbox-CSRF: " + body["csrfToken"].get<std::string>() + "\r\n";
  EXPECT_EQ(ask("POST", "/api/v1/pause", cookie).status, 403);
  EXPECT_EQ(ask("POST", "/api/v1/pause", cookie + csrf).body, "ann");
  EXPECT_EQ(Json::parse(ask("GET", "/api/v1/session", cookie).body)["csrfToken"],
            body["csrfToken"]);
}

TEST_F(SessionTest, AWrongTokenDoesNot) {
  EXPECT_EQ(sign_in("guess").status, 401);
  EXPECT_EQ(ask("POST", "/api/v1/session", "Content-Type: application/json\r\n", "{").status, 400);
  EXPECT_EQ(
      ask("POST", "/api/v1/session", "Content-Type: application/json\r\n", "{\"token\":1}").status,
      400);
  EXPECT_EQ(ask("POST", "/api/v1/session", "Content-Type: text/plain\r\n", "{\"token\":\"secret\"}")
                .status,
            415);
}

TEST_F(SessionTest, GuessingIsSlowedDown) {
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(sign_in("guess").status, 401);
  const Reply reply = sign_in("guess");
  EXPECT_EQ(reply.status, 429);
  EXPECT_TRUE(reply.headers.find("Retry-After"));
}

TEST_F(SessionTest, TellsWhoIsSignedIn) {
  const Json nobody = Json::parse(ask("GET", "/api/v1/session").body);
  EXPECT_EQ(nobody, Json({{"name", nullptr},
                          {"role", "none"},
                          {"csrfToken", nullptr},
                          {"authentication", true},
                          {"readOpen", true}}));
  const Json ann =
      Json::parse(ask("GET", "/api/v1/session", "Authorization: Bearer secret\r\n").body);
  EXPECT_EQ(ann["name"], "ann");
  EXPECT_EQ(ann["role"], "operator");
  EXPECT_EQ(ann["csrfToken"], nullptr);
}

TEST_F(SessionTest, EndsWhenItIsSignedOut) {
  const Reply begun = sign_in("secret");
  const std::string cookie = cookie_of(begun);
  const std::string csrf =
      "X-Outbox-CSRF: " + Json::parse(begun.body)["csrfToken"].get<std::string>() + "\r\n";
  EXPECT_EQ(ask("DELETE", "/api/v1/session", cookie).status, 403);
  EXPECT_EQ(ask("DELETE", "/api/v1/session", cookie + csrf).status, 204);
  EXPECT_EQ(Json::parse(ask("GET", "/api/v1/session", cookie).body)["role"], "none");
  EXPECT_EQ(ask("POST", "/api/v1/pause", cookie + csrf).status, 401);
}

TEST_F(SessionTest, OnTheLoopbackReadingIsOpen) {
  EXPECT_EQ(ask("GET", "/api/v1/overview").status, 200);
  EXPECT_EQ(ask("POST", "/api/v1/pause").status, 401);
}

TEST_F(SessionTest, AnotherServersNameIsNotAnswered) {
  http::testing::Client client(server_->port());
  client.send("GET /api/v1/overview HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_EQ(client.read().value_or(Reply{}).status, 421);
}

TEST_F(SessionTest, WhoGuessesByAskingWhoHeIsIsSlowedDown) {
  const std::string guess = "Authorization: Bearer guess\r\n";
  EXPECT_EQ(ask("GET", "/api/v1/session", guess).status, 401);
  int last = 0;
  for (int i = 0; i < 12; ++i)
    last = ask("GET", "/api/v1/session", guess).status;
  EXPECT_EQ(last, 429);
}

}  // namespace
}  // namespace outbox::api
