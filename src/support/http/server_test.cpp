#include "support/http/server.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/http/test_client.hpp"

namespace outbox::http {
namespace {

using std::chrono::milliseconds;
using testing::Client;
using testing::request;

Router echo_router() {
  Router router;
  router.add("GET", "/hello", [](const Request&) { return text_response(200, "hello"); });
  router.add("POST", "/echo", [](const Request& r) { return text_response(200, r.body); });
  router.add("GET", "/items/{id}", [](const Request& r) {
    return text_response(200, std::string(r.path_parameter("id")) + "|" +
                                  std::string(r.query_parameter("q").value_or("-")));
  });
  router.add("GET", "/large",
             [](const Request&) { return text_response(200, std::string(32 * 1024 * 1024, 'x')); });
  return router;
}

std::unique_ptr<Server> started(ServerOptions options = {}, Router router = echo_router()) {
  auto server = std::make_unique<Server>(std::move(options), std::move(router));
  const auto result = server->start();
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
  return server;
}

// The status of what is answered to these bytes, on a connection that is then closed; 0: no answer.
int answer_to(const Server& server, std::string_view bytes) {
  Client client(server.port());
  client.send(bytes);
  const auto reply = client.read();
  if (!reply) return 0;
  EXPECT_EQ(reply->headers.find("Content-Type"), "application/problem+json") << bytes;
  EXPECT_EQ(reply->headers.find("Connection"), "close") << bytes;
  EXPECT_TRUE(client.closed_by_peer()) << bytes;
  return reply->status;
}

std::string chunked(std::string_view target, std::size_t chunks, std::size_t size) {
  std::string bytes =
      "POST " + std::string(target) + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::array<char, 32> head{};
  std::snprintf(head.data(), head.size(), "%zx\r\n", size);
  for (std::size_t i = 0; i < chunks; ++i) {
    bytes.append(head.data()).append(size, 'c').append("\r\n");
  }
  return bytes + "0\r\n\r\n";
}

TEST(Server, AnswersRequestsOnOneConnection) {
  const auto server = started();
  Client client(server->port());
  for (int i = 0; i < 3; ++i) {
    client.send_request("POST", "/echo", "body " + std::to_string(i));
    const auto reply = client.read();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 200);
    EXPECT_EQ(reply->body, "body " + std::to_string(i));
    EXPECT_EQ(reply->headers.find("Connection"), "keep-alive");
    EXPECT_TRUE(reply->headers.find("Date"));
  }
}

TEST(Server, DecodesPathParametersAndQuery) {
  const auto server = started();
  EXPECT_EQ(request(server->port(), "GET", "/items/a%20b?q=1%202").body, "a b|1 2");
}

TEST(Server, PipelinedRequestsAreAnsweredInOrder) {
  const auto server = started();
  Client client(server->port());
  std::string bytes;
  for (int i = 0; i < 50; ++i) {
    const std::string body = std::to_string(i);
    bytes += "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
             "\r\n\r\n" + body;
  }
  client.send(bytes);
  for (int i = 0; i < 50; ++i) {
    const auto reply = client.read();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->body, std::to_string(i));
  }
}

TEST(Server, KeepsTheConnectionAfterAnUnknownPath) {
  const auto server = started();
  Client client(server->port());
  client.send_request("POST", "/nowhere", "some body");
  EXPECT_EQ(client.read()->status, 404);
  client.send_request("DELETE", "/hello");
  const auto reply = client.read();
  EXPECT_EQ(reply->status, 405);
  EXPECT_EQ(reply->headers.find("Allow"), "GET, HEAD");
  client.send_request("GET", "/hello");
  EXPECT_EQ(client.read()->status, 200);
}

TEST(Server, ClosesWhenTheClientAsksForIt) {
  const auto server = started();
  for (const std::string_view bytes :
       {"GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "GET /hello HTTP/1.0\r\n\r\n"}) {
    Client client(server->port());
    client.send(bytes);
    EXPECT_EQ(client.read()->status, 200);
    EXPECT_TRUE(client.closed_by_peer());
  }
}

TEST(Server, AnswersHeadWithoutABody) {
  const auto server = started();
  Client client(server->port());
  client.send_request("HEAD", "/hello");
  const auto head = client.read(true);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->headers.find("Content-Length"), "5");
  client.send_request("GET", "/hello");
  EXPECT_EQ(client.read()->body, "hello");
}

TEST(Server, TakesChunkedBodies) {
  const auto server = started();
  Client client(server->port());
  client.send(chunked("/echo", 3, 1000));
  EXPECT_EQ(client.read()->body, std::string(3000, 'c'));
  client.send_request("GET", "/hello");
  EXPECT_EQ(client.read()->status, 200);
}

TEST(Server, RefusesMalformedRequests) {
  const auto server = started();
  for (const std::string_view bytes :
       {"nonsense\r\n\r\n", "GET /hello\r\n\r\n", "GET  /hello HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /hello HTTP/1.1\r\n\r\n", "GET /hello HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: x\r\nBad Name: 1\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost : x\r\n\r\n", "GET /hello HTTP/1.1\r\nno colon\r\n\r\n"}) {
    EXPECT_EQ(answer_to(*server, bytes), 400) << bytes;
  }
  EXPECT_EQ(answer_to(*server, "GET /hello HTTP/2.0\r\nHost: x\r\n\r\n"), 505);
  EXPECT_EQ(answer_to(*server, "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n"), 417);
}

// Two readers could see different requests in these bytes.
TEST(Server, RefusesAmbiguousFraming) {
  const auto server = started();
  const std::string head = "POST /echo HTTP/1.1\r\nHost: x\r\n";
  for (const std::string_view rest :
       {"Content-Length: -1\r\n\r\n", "Content-Length: 5, 6\r\n\r\nhello!",
        "Content-Length: 1\r\nContent-Length: 5\r\n\r\nhello",
        "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    EXPECT_EQ(answer_to(*server, head + std::string(rest)), 400) << rest;
  }
  EXPECT_EQ(answer_to(*server, head + "Transfer-Encoding: gzip\r\n\r\n"), 501);
  EXPECT_EQ(answer_to(*server, head + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), 501);
  EXPECT_EQ(
      answer_to(*server, "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
      400);
}

TEST(Server, RefusesBrokenTargetsAndGoesOn) {
  const auto server = started();
  Client client(server->port());
  for (const std::string_view target : {"/items/%zz", "/hello?q=%", "hello", "/items/%00"}) {
    client.send_request("GET", target);
    EXPECT_EQ(client.read()->status, 400) << target;
  }
}

TEST(Server, ABodyLongerThanDeclaredIsNotSmuggledIntoARequest) {
  const auto server = started();
  Client client(server->port());
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nokgarbage\r\n\r\n");
  EXPECT_EQ(client.read()->body, "ok");
  EXPECT_EQ(client.read()->status, 400);
  EXPECT_TRUE(client.closed_by_peer());
}

TEST(Server, LimitsTheBody) {
  const auto server = started();
  constexpr std::size_t kLimit = 1024 * 1024;
  EXPECT_EQ(request(server->port(), "POST", "/echo", std::string(kLimit, 'x')).body.size(), kLimit);
  Client client(server->port());
  client.send_request("POST", "/echo", std::string(kLimit + 1, 'x'));
  EXPECT_EQ(client.read()->status, 413);
  EXPECT_TRUE(client.closed_by_peer());
  EXPECT_EQ(answer_to(*server, chunked("/echo", 2000, 1000)), 413);
  EXPECT_EQ(answer_to(*server,
                      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: "
                      "99999999999999\r\n\r\nshort"),
            413);
}

TEST(Server, LimitsTheHeader) {
  const auto server = started();
  const auto with_header = [](std::size_t size) {
    return "GET /hello HTTP/1.1\r\nHost: x\r\nX-Long: " + std::string(size, 'h') + "\r\n\r\n";
  };
  Client client(server->port());
  client.send(with_header(16'000));
  EXPECT_EQ(client.read()->status, 200);
  EXPECT_EQ(answer_to(*server, with_header(17'000)), 431);
  EXPECT_EQ(answer_to(*server, "GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n"),
            431);
}

TEST(Server, SendsContinueWhenAsked) {
  const auto server = started();
  Client client(server->port());
  client.send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read()->status, 100);
  client.send("hello");
  EXPECT_EQ(client.read()->body, "hello");
}

TEST(Server, RefusesBeforeContinueWhatItWouldRefuseAnyway) {
  const auto server = started();
  EXPECT_EQ(answer_to(*server,
                      "POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
                      "Expect: 100-continue\r\n\r\n"),
            404);
  EXPECT_EQ(answer_to(*server,
                      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n"
                      "Expect: 100-continue\r\n\r\n"),
            413);
}

TEST(Server, ASlowHeaderIsCutOff) {
  const auto server = started({.header_timeout = milliseconds(100)});
  EXPECT_EQ(answer_to(*server, "GET /hello HTTP/1.1\r\nHo"), 408);
}

TEST(Server, TricklingBytesDoNotExtendTheDeadline) {
  const auto server = started({.header_timeout = milliseconds(200)});
  Client client(server->port());
  std::atomic<bool> answered{false};
  client.send("GET /hello HTTP/1.1\r\nX: ");
  const std::jthread trickle([&] {
    while (!answered && client.send("a"))
      std::this_thread::yield();
  });
  const auto reply = client.read();
  answered = true;
  ASSERT_TRUE(reply);
  EXPECT_TRUE(reply->status == 408 || reply->status == 431) << reply->status;
}

TEST(Server, ASlowBodyIsCutOff) {
  const auto server = started({.body_timeout = milliseconds(100)});
  EXPECT_EQ(answer_to(*server, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel"),
            408);
  EXPECT_EQ(
      answer_to(*server,
                "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"),
      408);
}

TEST(Server, AnIdleConnectionIsClosed) {
  const auto server = started({.idle_timeout = milliseconds(100)});
  Client silent(server->port());
  EXPECT_TRUE(silent.closed_by_peer());
  Client client(server->port());
  client.send_request("GET", "/hello");
  EXPECT_EQ(client.read()->status, 200);
  EXPECT_TRUE(client.closed_by_peer());
}

TEST(Server, AClientThatDoesNotReadIsCutOff) {
  ServerOptions options{.max_connections = 1, .write_timeout = milliseconds(200)};
  const auto server = started(std::move(options));
  Client slow(server->port(), 4096);
  slow.send_request("GET", "/large");
  // The only connection that is allowed becomes free when the slow one is cut off.
  for (int attempt = 0; attempt < 10'000; ++attempt) {
    Client next(server->port());
    next.send_request("GET", "/hello");
    const auto reply = next.read();
    if (reply && reply->status == 200) return;
  }
  FAIL() << "the slow connection was never cut off";
}

TEST(Server, RefusesConnectionsAboveTheCap) {
  const auto server = started({.max_connections = 2});
  Client first(server->port());
  Client second(server->port());
  for (Client* client : {&first, &second}) {
    client->send_request("GET", "/hello");
    EXPECT_EQ(client->read()->status, 200);
  }
  Client third(server->port());
  const auto reply = third.read();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 503);
  EXPECT_EQ(reply->headers.find("Retry-After"), "1");
  first.send_request("GET", "/hello");
  EXPECT_EQ(first.read()->status, 200);
}

TEST(Server, ReportsEachExchange) {
  std::mutex mutex;
  std::vector<std::string> seen;
  ServerOptions options;
  options.on_exchange = [&](const Exchange& exchange) {
    const std::lock_guard lock(mutex);
    seen.push_back(std::string(exchange.route) + " " + std::to_string(exchange.status));
  };
  const auto server = started(std::move(options));
  request(server->port(), "GET", "/items/1");
  request(server->port(), "GET", "/nowhere");
  answer_to(*server, "nonsense\r\n\r\n");
  const std::lock_guard lock(mutex);
  EXPECT_EQ(seen, (std::vector<std::string>{"/items/{id} 200", "none 404", "none 400"}));
}

TEST(Server, StopCutsOffWhatOutlastsTheDeadline) {
  const auto server = started({.drain_timeout = milliseconds(50)});
  Client half(server->port());
  half.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel");
  Client other(server->port());
  other.send_request("GET", "/hello");
  EXPECT_EQ(other.read()->status, 200);
  const auto begin = std::chrono::steady_clock::now();
  server->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  EXPECT_TRUE(half.closed_by_peer());
  server->stop();  // a second time does nothing
}

TEST(Server, SaysWhyItCannotListen) {
  const auto server = started();
  Server second({.port = server->port()}, echo_router());
  const auto taken = second.start();
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().code, ErrorCode::conflict);
  EXPECT_NE(taken.error().message.find(std::to_string(server->port())), std::string::npos);
  Server nowhere({.address = "somewhere"}, echo_router());
  EXPECT_EQ(nowhere.start().error().code, ErrorCode::invalid_argument);
}

TEST(Server, ServesManyClientsAtOnce) {
  const auto server = started();
  std::atomic<int> correct{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        Client client(server->port());
        for (int i = 0; i < 200; ++i) {
          const std::string body = std::to_string(t * 1000 + i);
          client.send_request("POST", "/echo", body);
          const auto reply = client.read();
          if (reply && reply->body == body) ++correct;
        }
      });
    }
  }
  EXPECT_EQ(correct, 1600);
}

}  // namespace
}  // namespace outbox::http
