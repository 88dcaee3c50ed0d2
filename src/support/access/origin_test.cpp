#include "support/access/origin.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace outbox::access {
namespace {

http::Request asked_as(std::string host, std::string target = "/") {
  http::Request request;
  request.method = "GET";
  request.target = std::move(target);
  request.local = "192.0.2.7";
  request.headers.add("Host", std::move(host));
  return request;
}

TEST(Origin, KnowsTheLoopback) {
  for (const char* address : {"127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"})
    EXPECT_TRUE(is_loopback_address(address)) << address;
  for (const char* address :
       {"0.0.0.0", "10.0.0.1", "::", "::2", "::ffff:10.0.0.1", "localhost", ""})
    EXPECT_FALSE(is_loopback_address(address)) << address;
}

TEST(Origin, ItsOwnNamesAreTheLoopbackItsAddressAndThoseAllowed) {
  const std::vector<std::string> allowed{"outbox.example", "relay.example:8443"};
  for (const char* host : {"localhost", "LocalHost:8080", "127.0.0.1", "127.0.0.1:1", "[::1]",
                           "[::1]:80", "192.0.2.7", "192.0.2.7:99", "[::ffff:192.0.2.7]",
                           "outbox.example", "Outbox.Example:1", "relay.example:8443"}) {
    EXPECT_TRUE(names_this_server(asked_as(host), allowed)) << host;
  }
  for (const char* host :
       {"evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example",
        "192.0.2.8", "relay.example", "relay.example:80", "", ":80", "[::1", "[::1]x",
        "127.0.0.1:80:80", "user@127.0.0.1", "outbox.example."}) {
    EXPECT_FALSE(names_this_server(asked_as(host), allowed)) << host;
  }
}

TEST(Origin, TheAuthorityOfATargetCountsToo) {
  EXPECT_TRUE(names_this_server(asked_as("localhost", "http://127.0.0.1:8080/a"), {}));
  EXPECT_FALSE(names_this_server(asked_as("localhost", "http://evil.example/a"), {}));
  EXPECT_FALSE(names_this_server(asked_as("evil.example", "http://127.0.0.1/a"), {}));
  EXPECT_TRUE(names_this_server(asked_as("localhost", "/a?next=http://evil.example/"), {}));
}

TEST(Origin, OldProgramsMayOmitTheHost) {
  http::Request request;
  request.target = "/livez";
  EXPECT_TRUE(names_this_server(request, {}));
}

struct Sent {
  const char* site;
  const char* origin;
};

http::Request sent(const Sent& by) {
  http::Request request = asked_as("127.0.0.1:8080");
  if (by.site != nullptr) request.headers.add("Sec-Fetch-Site", by.site);
  if (by.origin != nullptr) request.headers.add("Origin", by.origin);
  return request;
}

TEST(Origin, OwnPagesAndProgramsAreNoStrangers) {
  for (const Sent& by :
       {Sent{nullptr, nullptr}, Sent{"same-origin", nullptr}, Sent{"none", nullptr},
        Sent{nullptr, "http://127.0.0.1:8080"}, Sent{"same-origin", "https://127.0.0.1:8080"}}) {
    EXPECT_FALSE(comes_from_elsewhere(sent(by), {}));
  }
}

TEST(Origin, OtherOriginsAreOnTheSameMachineToo) {
  for (const Sent& by :
       {Sent{"cross-site", nullptr}, Sent{"same-site", nullptr}, Sent{"anything", nullptr},
        Sent{nullptr, "null"}, Sent{nullptr, "http://127.0.0.1:3000"},
        Sent{nullptr, "http://localhost:8080"}, Sent{nullptr, "https://evil.example"},
        Sent{"same-origin", "https://evil.example"}, Sent{nullptr, ""},
        Sent{nullptr, "ftp://127.0.0.1:8080"}}) {
    EXPECT_TRUE(comes_from_elsewhere(sent(by), {})) << (by.origin == nullptr ? by.site : by.origin);
  }
}

TEST(Origin, AllowedHostsAreOwnOriginsForAProxyThatChangesTheHost) {
  const std::vector<std::string> allowed{"outbox.example"};
  EXPECT_FALSE(comes_from_elsewhere(sent({nullptr, "https://outbox.example"}), allowed));
  EXPECT_TRUE(comes_from_elsewhere(sent({nullptr, "https://evil.example"}), allowed));
}

}  // namespace
}  // namespace outbox::access
