#include "tests/chaos/faults/namespace.hpp"

#include <fcntl.h>
#include <optional>
#include <sched.h>
#include <stdexcept>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/chaos/faults/testing/echo_server.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/shell.hpp"

namespace outbox::chaos {
namespace {

using namespace std::chrono_literals;
using test::eventually;

// A connection that is made inside: a socket stays in the namespace of the thread that opened it.
std::unique_ptr<Client> connect_inside(const NetworkNamespace& inside, const Endpoint& server) {
  std::unique_ptr<Client> client;
  std::jthread([&] {
    const Descriptor network(::open(("/run/netns/" + inside.name()).c_str(), O_RDONLY | O_CLOEXEC));
    if (::setns(network.get(), CLONE_NEWNET) == 0) {
      client = std::make_unique<Client>(server);
    }
  }).join();
  return client;
}

std::string output_inside(const NetworkNamespace& inside, const std::string& program) {
  std::string words;
  for (const std::string& word : inside.command({"/bin/sh", "-c", "'" + program + "'"})) {
    words += word + " ";
  }
  return test::output_of(words);
}

// Where this user may make none, that is all that can be said of it.
#define RETURN_UNLESS_AVAILABLE()                         \
  if (!NetworkNamespace::available()) {                   \
    EXPECT_THROW(NetworkNamespace(), std::runtime_error); \
    return;                                               \
  }                                                       \
  static_assert(true)

TEST(NetworkNamespace, a_blackhole_loses_one_direction_counts_it_and_ends) {
  RETURN_UNLESS_AVAILABLE();
  NetworkNamespace network;
  const EchoServer server({network.host_address(), 0});
  const auto client = connect_inside(network, server.endpoint());
  ASSERT_NE(client, nullptr);
  client->send("before");
  ASSERT_EQ(client->receive(6), "before");
  EXPECT_EQ(network.packets_lost(), 0U);

  network.blackhole(Direction::to_server, true);
  client->send("lost on the way there");
  EXPECT_TRUE(eventually([&] { return network.packets_lost() >= 2; }));
  EXPECT_EQ(client->receive_within(0ms), "");
  EXPECT_EQ(server.received(), 6U);
  network.blackhole(Direction::to_server, false);
  EXPECT_EQ(client->receive(21), "lost on the way there");

  const auto lost = network.packets_lost();
  network.blackhole(Direction::to_client, true);
  client->send("lost on the way back");
  EXPECT_TRUE(eventually([&] { return network.packets_lost() >= lost + 2; }));
  EXPECT_EQ(server.received(), 47U);
  EXPECT_EQ(client->receive_within(0ms), "");
  network.blackhole(Direction::to_client, false);
  EXPECT_EQ(client->receive(20), "lost on the way back");
}

TEST(NetworkNamespace, reaches_the_host_by_the_address_of_another_ones_end) {
  RETURN_UNLESS_AVAILABLE();
  const NetworkNamespace first;
  const NetworkNamespace second;
  const EchoServer server({first.host_address(), 0});
  const auto client = connect_inside(second, server.endpoint());
  ASSERT_NE(client, nullptr);
  client->send("hello");
  EXPECT_EQ(client->receive(5), "hello");
}

TEST(NetworkNamespace, a_command_runs_inside_with_the_pid_that_it_was_started_with) {
  RETURN_UNLESS_AVAILABLE();
  const NetworkNamespace network;
  EXPECT_NE(output_inside(network, "ip -4 -o address show").find(network.address()),
            std::string::npos);
  EXPECT_EQ(output_inside(network, "ip -4 -o address show").find(network.host_address()),
            std::string::npos);
  // The shell that was to run it is replaced by nsenter, and that by the shell inside.
  EXPECT_EQ(output_inside(network, "ps -o comm= -p $PPID").find("nsenter"), std::string::npos);
}

TEST(NetworkNamespace, leaves_nothing_behind_and_removes_what_a_killed_process_left) {
  RETURN_UNLESS_AVAILABLE();
  // No process has this id: it is over the kernel's limit.
  static_cast<void>(test::output_of("ip netns add ob4194305-0"));
  std::optional<NetworkNamespace> network(std::in_place);
  const std::string name = network->name();
  EXPECT_EQ(test::output_of("ip netns list").find("ob4194305-0"), std::string::npos);
  EXPECT_NE(test::output_of("ip netns list; ip -o link").find(name + "h"), std::string::npos);
  network.reset();
  EXPECT_EQ(test::output_of("ip netns list; ip -o link").find(name), std::string::npos);
}

}  // namespace
}  // namespace outbox::chaos
