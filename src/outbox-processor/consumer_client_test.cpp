#include "outbox-processor/consumer_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/http/server.hpp"
#include "tests/support/http/scripted_server.hpp"

namespace outbox {
namespace {

using testing::HasSubstr;

constexpr const char* kId = "01890a5d-ac96-774b-bcce-b302099a8057";

class ConsumerClientTest : public testing::Test {
 protected:
  [[nodiscard]] static http::Router consumer() {
    http::Router router;
    router.add("GET", "/livez", [](const http::Request&) { return http::text_response(200, ""); });
    router.add("GET", "/v1/events/{id}", [](const http::Request& request) {
      if (request.path_parameter("id") != kId) return http::problem(404, "Not Found", "unknown");
      return http::json_response(200, R"({"effect":"created","duplicates":2})");
    });
    return router;
  }
  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(server_.port());
  }

  http::Server server_{http::ServerOptions{}, consumer()};
};

TEST_F(ConsumerClientTest, TellsTheEffectOfAMessage) {
  ASSERT_TRUE(server_.start());
  const ConsumerClient client{url() + "/"};
  const auto event = client.event(kId);
  ASSERT_TRUE(event) << event.error().message;
  ASSERT_TRUE(*event);
  EXPECT_EQ((**event)["effect"], "created");
  EXPECT_TRUE(client.reachable());
}

TEST_F(ConsumerClientTest, AMessageThatWasNotSeenIsNoFailure) {
  ASSERT_TRUE(server_.start());
  const auto event = ConsumerClient{url()}.event("01890a5d-ac96-774b-bcce-000000000000");
  ASSERT_TRUE(event);
  EXPECT_FALSE(*event);
}

TEST_F(ConsumerClientTest, AConsumerThatIsAwayIsNamedWithoutItsPassword) {
  ASSERT_TRUE(server_.start());
  const std::string port = std::to_string(server_.port());
  server_.stop();
  const ConsumerClient client{"http://ada:secret@127.0.0.1:" + port};
  const auto event = client.event(kId);
  ASSERT_FALSE(event);
  EXPECT_THAT(event.error().message, HasSubstr("127.0.0.1:" + port));
  EXPECT_THAT(event.error().message, testing::Not(HasSubstr("secret")));
  EXPECT_FALSE(client.reachable());
}

TEST(ConsumerClient, ReadsNoMoreThanItsBound) {
  test::ScriptedServer server{[](test::Peer& peer) {
    static_cast<void>(peer.read_request());
    static_cast<void>(peer.write("HTTP/1.1 200 OK\r\n\r\n{\"a\":\""));
    while (peer.write(std::string(64 * 1024, 'a'))) {
    }
  }};
  EXPECT_FALSE(ConsumerClient{server.url()}.event(kId));
}

TEST(ConsumerClient, WaitsNoLongerThanItsDeadline) {
  test::ScriptedServer server{[](test::Peer& peer) {
    static_cast<void>(peer.read_request());
    static_cast<void>(peer.read_request());  // which never comes
  }};
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(ConsumerClient{server.url()}.event(kId));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{8});
}

}  // namespace
}  // namespace outbox
