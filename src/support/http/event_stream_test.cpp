#include "support/http/event_stream.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "support/http/server.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/http/test_client.hpp"

namespace outbox::http {
namespace {

using std::chrono::milliseconds;
using testing::Client;

TEST(EventStream, WritesEachLineOfData) {
  EventStream stream;
  EXPECT_TRUE(stream.push("overview", "{\"a\":1}"));
  EXPECT_TRUE(stream.push("note", "one\ntwo\r\nthree\rfour"));
  EXPECT_EQ(stream.take(),
            "event: overview\ndata: {\"a\":1}\n\n"
            "event: note\ndata: one\ndata: two\ndata: three\ndata: four\n\n");
  EXPECT_EQ(stream.take(), "");
}

TEST(EventStream, IsOverWhenNobodyTakesItsEvents) {
  EventStream stream;
  for (std::size_t i = 0; i < EventStream::kMaxEvents; ++i)
    EXPECT_TRUE(stream.push("overview", "x"));
  EXPECT_FALSE(stream.push("overview", "x"));
  EXPECT_FALSE(stream.is_open());
  EventStream large;
  EXPECT_FALSE(large.push("overview", std::string(EventStream::kMaxBytes + 1, 'x')));
}

TEST(EventStream, WakesOnceUntilItIsTakenFrom) {
  EventStream stream;
  int woken = 0;
  stream.attach([&] { ++woken; });
  stream.push("a", "1");
  stream.push("a", "2");
  EXPECT_EQ(woken, 1);
  EXPECT_NE(stream.take(), "");
  stream.push("a", "3");
  EXPECT_EQ(woken, 2);
  stream.close();
  EXPECT_FALSE(stream.push("a", "4"));
  EXPECT_EQ(woken, 2);
}

// A server whose /events answers with streams that the test pushes to.
struct Feed {
  std::mutex mutex;
  std::vector<std::shared_ptr<EventStream>> streams;
  std::unique_ptr<Server> server;

  explicit Feed(ServerOptions options = {}) {
    Router router;
    router.add("GET", "/events", [this](const Request&) {
      Response response;
      response.stream = std::make_shared<EventStream>();
      const std::lock_guard lock(mutex);
      streams.push_back(response.stream);
      return response;
    });
    server = std::make_unique<Server>(std::move(options), std::move(router));
    const auto result = server->start();
    EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
  }
  std::shared_ptr<EventStream> stream(std::size_t number) {
    const std::lock_guard lock(mutex);
    return number < streams.size() ? streams[number] : nullptr;
  }
};

TEST(ServerStreams, SendEventsAsTheyCome) {
  Feed feed;
  Client client(feed.server->port());
  client.send_request("GET", "/events");
  const auto head = client.read();
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->headers.find("Content-Type"), "text/event-stream");
  EXPECT_EQ(head->headers.find("Cache-Control"), "no-store");
  EXPECT_EQ(client.read_until("\n\n"), "retry: 2000\n\n");
  for (const std::string text : {"one", "two"}) {
    ASSERT_TRUE(feed.stream(0)->push("overview", text));
    EXPECT_EQ(client.read_until("\n\n"), "event: overview\ndata: " + text + "\n\n");
  }
  feed.stream(0)->finish();
  EXPECT_TRUE(client.closed_by_peer());
}

TEST(ServerStreams, AreKeptAliveByComments) {
  Feed feed({.event_heartbeat = milliseconds(20)});
  Client client(feed.server->port());
  client.send_request("GET", "/events");
  ASSERT_TRUE(client.read());
  EXPECT_EQ(client.read_until("\n\n"), "retry: 2000\n\n");
  EXPECT_EQ(client.read_until("\n\n"), ":\n\n");
}

TEST(ServerStreams, AreOverWhenTheClientGoes) {
  Feed feed;
  {
    Client client(feed.server->port());
    client.send_request("GET", "/events");
    ASSERT_TRUE(client.read());
  }
  EXPECT_TRUE(test::eventually([&] { return !feed.stream(0)->push("overview", "anybody?"); }));
}

TEST(ServerStreams, CutOffAClientThatDoesNotRead) {
  Feed feed({.write_timeout = milliseconds(200)});
  Client client(feed.server->port(), 4096);
  client.send_request("GET", "/events");
  ASSERT_TRUE(test::eventually([&] { return feed.stream(0) != nullptr; }));
  const std::string much(1024 * 1024, 'x');
  EXPECT_TRUE(test::eventually([&] { return !feed.stream(0)->push("overview", much); }));
}

TEST(ServerStreams, WhoTakesNothingGivesItsPlaceToAnother) {
  Feed feed({.max_connections = 1, .patience = milliseconds(50)});
  Client deaf(feed.server->port(), 4096);
  deaf.send_request("GET", "/events");
  ASSERT_TRUE(test::eventually([&] { return feed.stream(0) != nullptr; }));
  const std::string much(EventStream::kMaxBytes - 1024, 'x');
  const auto knock = [&] {
    return testing::request(feed.server->port(), "HEAD", "/events").status == 200;
  };
  ASSERT_TRUE(feed.stream(0)->push("overview", much));  // more than fits into the socket's buffers
  EXPECT_TRUE(test::eventually(knock, std::chrono::seconds(20)));
  EXPECT_FALSE(feed.stream(0)->is_open());
}

TEST(ServerStreams, WhoTakesEventsSlowlyButSteadilyKeepsItsPlace) {
  // The socket takes more only when a third of its buffer, 4 MiB at most, has become free.
  static constexpr milliseconds kPatience{1'000};
  static constexpr milliseconds kPause{100};
  static constexpr std::size_t kLine = 256 * 1024;
  static constexpr int kLines = 15;
  Feed feed({.max_connections = 1, .patience = kPatience});
  Client client(feed.server->port(), 64 * 1024);
  client.send_request("GET", "/events");
  ASSERT_TRUE(client.read());
  std::string much;
  for (int line = 0; line < kLines; ++line)
    much.append(line == 0 ? "" : "\n").append(kLine, 'x');
  ASSERT_TRUE(feed.stream(0)->push("overview", much));
  EXPECT_FALSE(client.read_until("data:").empty());
  ASSERT_TRUE(feed.stream(0)->push("overview", much));  // is written for longer than the patience
  for (int line = 0; line < 2 * kLines - 1; ++line) {
    EXPECT_GT(client.read_until("\ndata:").size(), kLine);
    EXPECT_EQ(testing::request(feed.server->port(), "HEAD", "/events").status, 503);
    std::this_thread::sleep_for(kPause);
  }
  EXPECT_TRUE(feed.stream(0)->is_open());
}

TEST(ServerStreams, AboveTheCapAreRefused) {
  Feed feed({.max_event_streams = 1});
  Client first(feed.server->port());
  first.send_request("GET", "/events");
  ASSERT_TRUE(first.read());
  const auto refused = testing::request(feed.server->port(), "GET", "/events");
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.headers.find("Retry-After"));
  EXPECT_FALSE(feed.stream(1)->is_open());
  feed.stream(0)->finish();
  EXPECT_FALSE(first.read_until("\n\n").empty());
  EXPECT_TRUE(first.closed_by_peer());
  Client next(feed.server->port());
  next.send_request("GET", "/events");
  EXPECT_EQ(next.read()->status, 200);
}

TEST(ServerStreams, HeadGetsNoStream) {
  Feed feed;
  Client client(feed.server->port());
  client.send_request("HEAD", "/events");
  EXPECT_EQ(client.read(true)->headers.find("Content-Type"), "text/event-stream");
  EXPECT_FALSE(feed.stream(0)->is_open());
}

// Lets everybody in until it is told otherwise.
struct FickleGate : Gate {
  enum class Mood { allow, refuse, fail };
  std::atomic<Mood> mood{Mood::allow};
  std::optional<Response> check(Request& asked, const Route*) override {
    if (mood == Mood::fail) throw std::runtime_error("the gate is broken");
    if (mood == Mood::refuse) return problem(401, "Unauthorized", "not any more");
    asked.caller = Caller{"ann", Role::viewer};
    return std::nullopt;
  }
};

void expect_end(FickleGate::Mood mood) {
  const auto gate = std::make_shared<FickleGate>();
  Feed feed({.event_recheck = milliseconds(0), .gate = gate});
  Client client(feed.server->port());
  client.send_request("GET", "/events");
  ASSERT_TRUE(client.read());
  EXPECT_EQ(client.read_until("\n\n"), "retry: 2000\n\n");
  ASSERT_TRUE(feed.stream(0)->push("overview", "for you"));
  EXPECT_EQ(client.read_until("\n\n"), "event: overview\ndata: for you\n\n");
  gate->mood = mood;
  ASSERT_TRUE(feed.stream(0)->push("overview", "not for you"));
  EXPECT_TRUE(client.closed_by_peer());
  EXPECT_FALSE(feed.stream(0)->is_open());
}

TEST(ServerStreams, SendNothingMoreToWhoIsNotAllowedAnyMore) {
  expect_end(FickleGate::Mood::refuse);
}

TEST(ServerStreams, SendNothingMoreWhenTheGateFails) {
  expect_end(FickleGate::Mood::fail);
}

TEST(ServerStreams, EndWithoutNewsForWhoIsNotAllowedAnyMore) {
  const auto gate = std::make_shared<FickleGate>();
  Feed feed({.event_heartbeat = milliseconds(20), .event_recheck = milliseconds(0), .gate = gate});
  Client client(feed.server->port());
  client.send_request("GET", "/events");
  ASSERT_TRUE(client.read());
  EXPECT_EQ(client.read_until("\n\n"), "retry: 2000\n\n");
  EXPECT_EQ(client.read_until("\n\n"), ":\n\n");
  gate->mood = FickleGate::Mood::refuse;
  EXPECT_TRUE(test::eventually([&] { return !feed.stream(0)->is_open(); }));
}

TEST(ServerStreams, EndWhenTheServerStops) {
  Feed feed;
  Client client(feed.server->port());
  client.send_request("GET", "/events");
  ASSERT_TRUE(client.read());
  const auto begin = std::chrono::steady_clock::now();
  std::jthread stopping([&] { feed.server->stop(); });
  EXPECT_EQ(client.read_until("\n\n"), "retry: 2000\n\n");
  EXPECT_TRUE(client.closed_by_peer());
  stopping.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  EXPECT_FALSE(feed.stream(0)->push("overview", "too late"));
}

}  // namespace
}  // namespace outbox::http
