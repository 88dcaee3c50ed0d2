// Clients that never end their request, or read no answer, and those who come beside them.
#include <algorithm>
#include <chrono>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "tests/security/secured_relay.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::security {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kSlow = 500;
constexpr int kOthers = 300;

constexpr int kDeaf = 1'100;  // more than the relay's connections
constexpr int kFurther = 100;
// Less than the relay waits for a client to take an answer.
constexpr std::chrono::seconds kBeforeTimeout{20};

// Asks for much and reads nothing. With small segments the kernel keeps little of it: a thousand of
// them fit into any machine.
class DeafClient {
 public:
  DeafClient(int port, const std::string& target)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    set(SOL_SOCKET, SO_RCVBUF, 4'096);
    set(IPPROTO_TCP, TCP_MAXSEG, 536);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    std::string requests;
    for (int i = 0; i < 20; ++i)
      requests += "GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    // How much of it is taken does not matter: the relay stops reading when it cannot write.
    (void)::send(socket_, requests.data(), requests.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  ~DeafClient() { ::close(socket_); }
  DeafClient(const DeafClient&) = delete;
  DeafClient& operator=(const DeafClient&) = delete;

 private:
  void set(int level, int option, int value) const {
    EXPECT_EQ(::setsockopt(socket_, level, option, &value, sizeof(value)), 0);
  }

  int socket_;
};

// The page's script: the largest answer for everybody, and one that costs the relay nothing to
// make.
std::string script_of(const SecuredRelay& relay) {
  static constexpr std::string_view kBefore = "src=\"";
  const std::string page = relay.ask({.target = "/"}).body;
  const std::size_t begin = page.find(kBefore) + kBefore.size();
  return page.substr(begin, page.find('"', begin) - begin);
}

bool is_answered(int port) {
  const auto client = http::testing::Client::try_connect(static_cast<std::uint16_t>(port));
  if (client == nullptr) return false;
  client->send("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
  const auto reply = client->read();
  return reply && reply->status == 200;
}

// For this process and those it starts, as far as the system lets it.
void allow_descriptors(rlim_t count) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, count));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
}

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

TEST(SecuritySlowClients, WhoReadNoAnswersKeepNobodyOut) {
  allow_descriptors(4'096);
  const SecuredRelay relay;
  Checks checks("answers beside more clients that read none than there are connections");
  const std::string script = script_of(relay);
  ASSERT_GT(relay.ask({.target = script}).body.size(), 50'000U) << script;
  std::vector<std::unique_ptr<DeafClient>> deaf;
  for (int i = 0; i < kDeaf; ++i)
    deaf.push_back(std::make_unique<DeafClient>(relay.port(), script));
  int answered = 0;
  const auto are_answered = [&] {
    if (!is_answered(relay.port())) return false;
    deaf.push_back(std::make_unique<DeafClient>(relay.port(), script));
    checks.expect(true, "");
    return ++answered == kFurther;
  };
  checks.expect(test::eventually(are_answered, kBeforeTimeout),
                std::to_string(answered) + " others were answered");
}

}  // namespace
}  // namespace outbox::security
