// Five hundred clients that never end their request, and those who come beside them.
#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/security/secured_relay.hpp"

namespace outbox::security {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kSlow = 500;
constexpr int kOthers = 300;

TEST(SecuritySlowClients, KeepNobodyOut) {
  const SecuredRelay relay;
  Checks checks("answers beside 500 slow connections, 99 of 100 within 200 ms");
  std::vector<std::unique_ptr<http::testing::Client>> slow;
  for (int i = 0; i < kSlow; ++i) {
    slow.push_back(http::testing::Client::try_connect(static_cast<std::uint16_t>(relay.port())));
    ASSERT_NE(slow.back(), nullptr) << "connection " << i;
    slow.back()->send("POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ");
  }
  std::vector<milliseconds> times;
  for (int i = 0; i < kOthers; ++i) {
    for (auto& client : slow) {
      if (client != nullptr && i % 30 == 0 && !client->send("x")) client.reset();
    }
    const auto begin = steady_clock::now();
    const int status = relay.status({.target = i % 2 == 0 ? "/livez" : "/api/v1/session"});
    times.push_back(std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin));
    checks.expect(status == 200, "answered by " + std::to_string(status));
  }
  std::sort(times.begin(), times.end());
  const auto p99 = times[times.size() * 99 / 100];
  checks.expect(p99 < milliseconds(200),
                "99 of 100 answers took up to " + std::to_string(p99.count()) + " ms");
  RecordProperty("p99_ms", std::to_string(p99.count()));
}

}  // namespace
}  // namespace outbox::security
