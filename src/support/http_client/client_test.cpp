#include "support/http_client/client.hpp"

#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/http/scripted_server.hpp"

namespace outbox::http {
namespace {

using namespace std::chrono_literals;
using test::Peer;
using test::ScriptedServer;
using testing::HasSubstr;
using testing::StartsWith;

ErrorCode error_of(const Result<ClientAnswer>& answer) {
  return answer ? ErrorCode::internal : answer.error().code;
}

TEST(HttpClient, SendsARequestAndGivesTheAnswer) {
  std::string received;
  std::optional<ScriptedServer> server;
  server.emplace([&](Peer& peer) {
    received = peer.read_request();
    peer.write("HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\nno");
  });
  ClientRequest request{"POST", server->url() + "/a?b=c", {}, R"({"a": 1})"};
  request.headers.emplace_back("Content-Type: application/json");
  const auto answer = fetch(request);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 409);
  EXPECT_EQ(answer->body, "no");
  server.reset();  // what it received can be looked at
  EXPECT_THAT(received, StartsWith("POST /events/a?b=c HTTP/1.1\r\n"));
  EXPECT_THAT(received, HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(received, HasSubstr("\r\n\r\n{\"a\": 1}"));
}

TEST(HttpClient, APostMayHaveNoBody) {
  std::string received;
  std::optional<ScriptedServer> server;
  server.emplace([&](Peer& peer) {
    received = peer.read_request();
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  const auto answer = fetch({"POST", server->url() + "/pause", {}, {}});
  ASSERT_TRUE(answer) << answer.error().message;
  server.reset();
  EXPECT_THAT(received, HasSubstr("Content-Length: 0\r\n"));
  EXPECT_THAT(received, testing::Not(HasSubstr("Content-Type")));
  EXPECT_THAT(received, StartsWith("POST /events/pause"));
}

TEST(HttpClient, ARedirectIsNotFollowed) {
  ScriptedServer server{[](Peer& peer) {
    static_cast<void>(peer.read_request());
    peer.write("HTTP/1.1 303 See Other\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n");
  }};
  const auto answer = fetch({"GET", server.url() + "/a", {}, {}});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 303);
}

TEST(HttpClient, WhatGoesWrongIsToldApart) {
  ScriptedServer slow{[](Peer& peer) {
    static_cast<void>(peer.read_request());
    static_cast<void>(peer.read_request());  // until the client gives up
  }};
  ClientOptions short_of_time;
  short_of_time.timeout = 100ms;
  EXPECT_EQ(error_of(fetch({"GET", slow.url(), {}, {}}, short_of_time)), ErrorCode::timeout);

  ScriptedServer talkative{[](Peer& peer) {
    static_cast<void>(peer.read_request());
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + std::string(100, 'x'));
  }};
  ClientOptions short_of_space;
  short_of_space.max_answer = 99;
  EXPECT_EQ(error_of(fetch({"GET", talkative.url(), {}, {}}, short_of_space)), ErrorCode::conflict);

  EXPECT_EQ(error_of(fetch({"GET", "http://127.0.0.1:1/", {}, {}})), ErrorCode::source_unavailable);
  EXPECT_EQ(error_of(fetch({"GET", "file:///etc/passwd", {}, {}})), ErrorCode::invalid_argument);
  EXPECT_EQ(error_of(fetch({"GET", "", {}, {}})), ErrorCode::invalid_argument);
}

TEST(HttpClient, PartsOfUrls) {
  EXPECT_EQ(percent_encoded("a b/ü~"), "a%20b%2F%C3%BC~");
  EXPECT_EQ(scheme_of("HTTPS://Example.com:8443/x"), "https");
  EXPECT_EQ(host_of("https://Example.com:8443/x"), "example.com");
  EXPECT_EQ(host_of("http://[::1]:8080"), "[::1]");
  EXPECT_EQ(scheme_of("example"), "");
}

}  // namespace
}  // namespace outbox::http
