#include "tests/chaos/faults/sockets.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/socket.h>
#include <system_error>

namespace outbox::chaos {
namespace {

constexpr int kBacklog = 128;
constexpr int kKind = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;

sockaddr_in address_of(const Endpoint& endpoint) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  if (inet_pton(AF_INET, endpoint.address.c_str(), &address.sin_addr) != 1) {
    throw std::invalid_argument("'" + endpoint.address + "' is no IPv4 address in numbers");
  }
  return address;
}

template <class Address>
auto* any(Address& address) {
  return reinterpret_cast<sockaddr*>(&address);  // NOLINT: sockets API
}

void set(const Descriptor& socket, int level, int option) {
  const int yes = 1;
  ::setsockopt(socket.get(), level, option, &yes, sizeof yes);
}

}  // namespace

void reset(Descriptor& connection) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(connection.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  connection.close();
}

Descriptor listen_on(const Endpoint& where) {
  Descriptor listener(::socket(AF_INET, kKind, 0));
  set(listener, SOL_SOCKET, SO_REUSEADDR);
  sockaddr_in address = address_of(where);
  if (::bind(listener.get(), any(address), sizeof address) != 0 ||
      ::listen(listener.get(), kBacklog) != 0) {
    throw std::system_error(
        errno, std::generic_category(),
        "a proxy cannot listen on " + where.address + ":" + std::to_string(where.port));
  }
  return listener;
}

Endpoint bound_to(const Descriptor& listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  char text[INET_ADDRSTRLEN] = {};
  if (::getsockname(listener.get(), any(address), &size) != 0 ||
      inet_ntop(AF_INET, &address.sin_addr, text, sizeof text) == nullptr) {
    throw std::system_error(errno, std::generic_category(), "a proxy's address");
  }
  return {text, ntohs(address.sin_port)};
}

Descriptor accept_from(const Descriptor& listener) {
  Descriptor socket(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (socket.open()) {
    set(socket, IPPROTO_TCP, TCP_NODELAY);
  }
  return socket;
}

Descriptor connect_to(const Endpoint& server) {
  Descriptor socket(::socket(AF_INET, kKind, 0));
  if (!socket.open()) {
    return socket;
  }
  set(socket, IPPROTO_TCP, TCP_NODELAY);
  sockaddr_in address = address_of(server);
  if (::connect(socket.get(), any(address), sizeof address) != 0 && errno != EINPROGRESS) {
    socket.close();
  }
  return socket;
}

bool connect_failed(const Descriptor& socket) {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0;
}

}  // namespace outbox::chaos
