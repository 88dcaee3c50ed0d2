#include "tests/chaos/faults/tcp_proxy.hpp"

#include <cerrno>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <thread>

#include <gtest/gtest.h>

#include "tests/chaos/faults/testing/echo_server.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::chaos {
namespace {

using namespace std::chrono_literals;
using test::eventually;

class TcpProxyTest : public ::testing::Test {
 protected:
  [[nodiscard]] Client client() const { return Client(proxy_.listening()); }

  EchoServer server_;
  TcpProxy proxy_{{}, server_.endpoint()};
};

TEST_F(TcpProxyTest, carries_bytes_and_the_end_in_both_directions) {
  Client client = this->client();
  const std::string much(3'000'000, 'x');  // far more than it holds
  std::jthread sending([&] {
    client.send(much);
    client.finish();
  });
  EXPECT_EQ(client.receive_all(much.size() + 1), much);
  sending.join();
  EXPECT_TRUE(eventually([&] { return proxy_.connected() == 0; }));
  EXPECT_EQ(proxy_.counters().connections, 1U);
}

TEST_F(TcpProxyTest, a_blackhole_to_the_server_holds_what_is_sent_and_the_end_until_it_is_off) {
  Client client = this->client();
  client.send("before");
  ASSERT_EQ(client.receive(6), "before");
  proxy_.blackhole(Direction::to_server, true);
  client.send("during");
  ASSERT_TRUE(eventually([&] { return proxy_.counters().bytes_held_to_server == 6; }));
  client.finish();
  EXPECT_EQ(client.receive_within(100ms), "");
  EXPECT_EQ(server_.received(), 6U);
  EXPECT_EQ(proxy_.connected(), 1U);
  proxy_.blackhole(Direction::to_server, false);
  EXPECT_EQ(client.receive_all(100), "during");
}

TEST_F(TcpProxyTest, a_blackhole_to_the_client_lets_the_server_hear_but_not_answer) {
  Client client = this->client();
  client.send("before");
  ASSERT_EQ(client.receive(6), "before");
  proxy_.blackhole(Direction::to_client, true);
  client.send("during");
  ASSERT_TRUE(eventually([&] { return server_.received() == 12; }));
  EXPECT_EQ(client.receive_within(100ms), "");
  EXPECT_EQ(proxy_.counters().bytes_held_to_client, 6U);
  proxy_.heal();
  EXPECT_EQ(client.receive(6), "during");
}

TEST_F(TcpProxyTest, a_connection_made_in_a_blackhole_is_silent_and_reaches_the_server_afterwards) {
  proxy_.blackhole(Direction::to_server, true);
  Client client = this->client();
  client.send("hello");
  {
    Client gives_up = this->client();
    gives_up.send("unheard");
  }
  ASSERT_TRUE(eventually([&] { return proxy_.counters().connections_silenced == 2; }));
  ASSERT_TRUE(eventually([&] { return proxy_.connected() == 1; }));
  EXPECT_EQ(client.receive_within(100ms), "");
  EXPECT_EQ(server_.connections(), 0U);
  proxy_.heal();
  EXPECT_EQ(client.receive(5), "hello");
  EXPECT_EQ(server_.connections(), 1U);
}

TEST_F(TcpProxyTest, the_server_does_not_hear_in_a_blackhole_that_the_client_has_gone) {
  {
    Client client = this->client();
    client.send("before");
    ASSERT_EQ(client.receive(6), "before");
    proxy_.blackhole(Direction::to_server, true);
    client.reset();
  }
  std::this_thread::sleep_for(100ms);  // for what must not come
  EXPECT_EQ(server_.open(), 1U);
  proxy_.heal();
  EXPECT_TRUE(eventually([&] { return server_.open() == 0; }));
}

TEST_F(TcpProxyTest, a_cut_resets_both_sides_and_counts_them) {
  Client first = client();
  Client second = client();
  for (Client* one : {&first, &second}) {
    one->send("x");
    ASSERT_EQ(one->receive(1), "x");
  }
  EXPECT_EQ(proxy_.cut(), 2U);
  EXPECT_EQ(first.receive_error(), ECONNRESET);
  EXPECT_EQ(second.receive_error(), ECONNRESET);
  EXPECT_TRUE(eventually([&] { return server_.open() == 0; }));
  EXPECT_EQ(proxy_.counters().connections_cut, 2U);
  Client third = client();
  third.send("again");
  EXPECT_EQ(third.receive(5), "again");
}

TEST_F(TcpProxyTest, a_delay_counts_for_each_direction) {
  Client client = this->client();
  proxy_.delay(100ms);
  const auto begun = std::chrono::steady_clock::now();
  client.send("slow");
  EXPECT_EQ(client.receive(4), "slow");
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 200ms);
  EXPECT_EQ(proxy_.counters().bytes_delayed, 8U);
  proxy_.delay(0ms);
  client.send("fast");
  EXPECT_EQ(client.receive(4), "fast");
  EXPECT_EQ(proxy_.counters().bytes_delayed, 8U);
  EXPECT_THROW(proxy_.delay(61s), std::invalid_argument);
}

TEST_F(TcpProxyTest, a_server_that_is_away_means_a_reset_and_it_may_come_back) {
  const Endpoint address = server_.endpoint();
  server_.stop();
  Client refused = client();
  EXPECT_EQ(refused.receive_error(), ECONNRESET);
  EXPECT_EQ(proxy_.counters().connections_refused, 1U);
  const EchoServer again(address);
  Client client = this->client();
  client.send("back");
  EXPECT_EQ(client.receive(4), "back");
}

TEST_F(TcpProxyTest, new_connections_go_to_the_server_that_it_was_told_last) {
  const EchoServer other;
  proxy_.forward_to(other.endpoint());
  Client client = this->client();
  client.send("hello");
  EXPECT_EQ(client.receive(5), "hello");
  EXPECT_EQ(other.connections(), 1U);
  EXPECT_EQ(server_.connections(), 0U);
}

TEST_F(TcpProxyTest, a_full_blackhole_reads_no_more_than_it_may_hold) {
  Client client = this->client();
  proxy_.blackhole(Direction::to_server, true);
  client.send_what_fits(64'000'000);
  EXPECT_TRUE(eventually([&] { return proxy_.counters().bytes_held_to_server >= 256U * 1'024; }));
  EXPECT_LE(proxy_.counters().bytes_held_to_server, 320U * 1'024);
}

TEST_F(TcpProxyTest, two_proxies_cannot_listen_on_one_port) {
  EXPECT_THROW(TcpProxy(proxy_.listening(), server_.endpoint()), std::system_error);
}

}  // namespace
}  // namespace outbox::chaos
