// How the server runs handlers: on which threads, for how long they may queue, and how they end.
#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/http/health.hpp"
#include "support/http/server.hpp"
#include "tests/support/http/test_client.hpp"

namespace outbox::http {
namespace {

using std::chrono::milliseconds;
using testing::Client;
using testing::Reply;
using testing::request;

std::unique_ptr<Server> started(ServerOptions options, Router router) {
  auto server = std::make_unique<Server>(std::move(options), std::move(router));
  const auto result = server->start();
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
  return server;
}

// Handlers that wait until they are released, and tell how many have begun.
struct HeldHandlers {
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  std::atomic<int> begun{0};
  std::atomic<int> hellos{0};

  Router router() {
    Router router;
    router.add("GET", "/hello", [this](const Request&) {
      ++hellos;
      return text_response(200, "hello");
    });
    router.add("GET", "/wait", [this](const Request&) {
      ++begun;
      begun.notify_all();
      released.wait();
      return text_response(200, "waited");
    });
    router.add(
        "GET", "/inline", [](const Request&) { return text_response(200, "at once"); },
        RunOn::inline_fast);
    return router;
  }
  void await(int count) {
    for (int seen = begun; seen < count; seen = begun)
      begun.wait(seen);
  }
};

TEST(ServerHandlers, InlineRoutesAnswerWhileAllHandlerThreadsAreBusy) {
  HeldHandlers gate;
  const auto server = started({.threads = 1}, gate.router());
  Client waiting(server->port());
  waiting.send_request("GET", "/wait");
  gate.await(1);
  EXPECT_EQ(request(server->port(), "GET", "/inline").body, "at once");
  gate.release.set_value();
  EXPECT_EQ(waiting.read()->body, "waited");
}

TEST(ServerHandlers, HandlersRunOnSeveralThreads) {
  HeldHandlers gate;
  const auto server = started({.threads = 2}, gate.router());
  Client first(server->port());
  Client second(server->port());
  first.send_request("GET", "/wait");
  second.send_request("GET", "/wait");
  gate.await(2);
  gate.release.set_value();
  EXPECT_EQ(first.read()->status, 200);
  EXPECT_EQ(second.read()->status, 200);
}

TEST(ServerHandlers, StopLetsRequestsEndAndClosesTheRest) {
  HeldHandlers gate;
  const auto server = started({}, gate.router());
  Client idle(server->port());
  idle.send_request("GET", "/hello");
  EXPECT_EQ(idle.read()->status, 200);
  Client busy(server->port());
  busy.send_request("GET", "/wait");
  gate.await(1);
  std::jthread stopping([&] { server->stop(); });
  EXPECT_TRUE(idle.closed_by_peer());  // draining has begun
  gate.release.set_value();
  const auto reply = busy.read();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "waited");
  EXPECT_EQ(reply->headers.find("Connection"), "close");
}

void expect_overloaded(const std::optional<Reply>& reply, std::string_view why) {
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 503);
  EXPECT_EQ(reply->headers.find("Content-Type"), "application/problem+json");
  EXPECT_EQ(reply->headers.find("Retry-After"), "1");
  EXPECT_NE(reply->body.find(why), std::string::npos) << reply->body;
}

TEST(ServerHandlers, LivezAnswersWhileAllHandlerThreadsAreBusy) {
  HeldHandlers gate;
  Router router = gate.router();
  add_health_routes(router, {}, [] { return std::string(); });
  const auto server = started({.threads = 1}, std::move(router));
  Client waiting(server->port());
  waiting.send_request("GET", "/wait");
  gate.await(1);
  EXPECT_EQ(request(server->port(), "GET", "/livez").status, 200);
  gate.release.set_value();
  EXPECT_EQ(waiting.read()->status, 200);
}

TEST(ServerHandlers, ARequestThatQueuesTooLongIsRefusedAndNeverRun) {
  HeldHandlers gate;
  const auto server = started({.threads = 1, .queue_timeout = milliseconds(100)}, gate.router());
  Client waiting(server->port());
  waiting.send_request("GET", "/wait");
  gate.await(1);
  Client queued(server->port());
  queued.send_request("GET", "/hello");
  expect_overloaded(queued.read(), "too busy");
  gate.release.set_value();
  EXPECT_EQ(waiting.read()->body, "waited");  // a handler that has begun is waited for
  queued.send_request("GET", "/hello");
  EXPECT_EQ(queued.read()->body, "hello");
  EXPECT_EQ(gate.hellos, 1);
}

TEST(ServerHandlers, TheQueueIsBounded) {
  HeldHandlers gate;
  const auto server = started(
      {.threads = 1, .max_connections = 2, .queue_timeout = milliseconds(20)}, gate.router());
  Client waiting(server->port());
  waiting.send_request("GET", "/wait");
  gate.await(1);
  Client other(server->port());
  for (const char* why : {"too busy", "too busy", "too many requests", "too many requests"}) {
    other.send_request("GET", "/hello");
    expect_overloaded(other.read(), why);
  }
  other.send_request("GET", "/inline");
  EXPECT_EQ(other.read()->body, "at once");
  gate.release.set_value();
  EXPECT_EQ(waiting.read()->body, "waited");
}

TEST(ServerHandlers, AnExceptionBecomesA500AndItsTextALineOfTheLog) {
  Router router;
  router.add("GET", "/items/{id}",
             [](const Request&) -> Response { throw std::runtime_error("the disk is full"); });
  const auto server = started({}, std::move(router));
  ::testing::internal::CaptureStderr();
  const Reply first = request(server->port(), "GET", "/items/7?secret=x");
  request(server->port(), "GET", "/items/8");
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(first.status, 500);
  EXPECT_EQ(first.body.find("disk"), std::string::npos);
  EXPECT_THAT(log, ::testing::HasSubstr("method=GET path=/items/7 error=\"the disk is full\""));
  EXPECT_THAT(log, ::testing::Not(::testing::HasSubstr("/items/8")));  // one line a second
}

}  // namespace
}  // namespace outbox::http
