#include "invoice-service/tcp_proxy.hpp"

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace outbox::invoices::testing {

namespace {

constexpr int kPollMs = 20;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

// False: one side has closed.
bool pass_on(int from, int to) {
  std::array<char, 16 * 1024> buffer{};
  const ssize_t got = recv(from, buffer.data(), buffer.size(), 0);
  if (got <= 0) return false;
  for (ssize_t sent = 0; sent < got;) {
    const ssize_t more =
        send(to, buffer.data() + sent, static_cast<std::size_t>(got - sent), MSG_NOSIGNAL);
    if (more <= 0) return false;
    sent += more;
  }
  return true;
}

}  // namespace

TcpProxy::TcpProxy(std::uint16_t target)
    : target_(target), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);  // NOLINT: the sockets API
  if (bind(listener_, raw, size) != 0 || listen(listener_, 64) != 0 ||
      getsockname(listener_, raw, &size) != 0) {
    close(listener_);
    throw std::runtime_error("no port for the proxy");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::jthread([this](const std::stop_token& stop) { accept_all(stop); });
}

TcpProxy::~TcpProxy() {
  acceptor_.request_stop();
  acceptor_.join();
  close(listener_);
}

void TcpProxy::cut(bool yes) {
  cut_ = yes;
}

void TcpProxy::accept_all(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd ready{listener_, POLLIN, 0};
    if (poll(&ready, 1, kPollMs) <= 0) continue;
    const int client = accept(listener_, nullptr, nullptr);
    if (client < 0) continue;
    connections_.emplace_back(
        [this, client](const std::stop_token& own_stop) { forward(client, own_stop); });
  }
  connections_.clear();  // each is asked to stop, and joined
}

void TcpProxy::forward(int client, const std::stop_token& stop) const {
  const int server = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = loopback(target_);
  auto* const raw = reinterpret_cast<sockaddr*>(&address);  // NOLINT: the sockets API
  bool open = !cut_ && connect(server, raw, sizeof address) == 0;
  while (open && !cut_ && !stop.stop_requested()) {
    std::array<pollfd, 2> ready{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
    if (poll(ready.data(), ready.size(), kPollMs) <= 0) continue;
    if (ready[0].revents != 0) open = pass_on(client, server);
    if (open && ready[1].revents != 0) open = pass_on(server, client);
  }
  close(server);
  close(client);
}

}  // namespace outbox::invoices::testing
