#include "tests/chaos/faults/testing/echo_server.hpp"

#include <array>
#include <cerrno>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <utility>

namespace outbox::chaos {
namespace {

constexpr std::chrono::milliseconds kLongest = std::chrono::seconds{30};
constexpr std::chrono::milliseconds kTurn{20};  // how soon a thread sees that it shall stop

bool ready(const Descriptor& socket, short events, std::chrono::milliseconds time) {
  pollfd polled{socket.get(), events, 0};
  return ::poll(&polled, 1, static_cast<int>(time.count())) > 0;
}

void await(const Descriptor& socket, short events) {
  if (!ready(socket, events, kLongest)) {
    throw std::runtime_error("the other side says nothing for 30 s");
  }
}

// False when the other side is gone.
bool send_all(const Descriptor& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    await(socket, POLLOUT);
    const ssize_t sent = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
  }
  return true;
}

}  // namespace

Client::Client(const Endpoint& server) : socket_(connect_to(server)) {
  await(socket_, POLLOUT);
}

void Client::send(std::string_view bytes) const {
  if (!send_all(socket_, bytes)) {
    throw std::runtime_error("the other side is gone");
  }
}

void Client::send_what_fits(std::size_t size) const {
  const std::string piece(64 * std::size_t{1'024}, 'x');
  std::size_t sent = 0;
  while (sent < size && ready(socket_, POLLOUT, std::chrono::milliseconds{200})) {
    const ssize_t now = ::send(socket_.get(), piece.data(), piece.size(), MSG_NOSIGNAL);
    sent += static_cast<std::size_t>(std::max<ssize_t>(now, 0));
  }
}

void Client::finish() const {
  ::shutdown(socket_.get(), SHUT_WR);
}

void Client::reset() {
  chaos::reset(socket_);
}

std::string Client::receive(std::size_t size) const {
  std::string result = receive_all(size);
  if (result.size() < size) {
    throw std::runtime_error("the connection ended early, with '" + result + "'");
  }
  return result;
}

std::string Client::receive_all(std::size_t most) const {
  std::string result;
  std::array<char, 65'536> buffer{};
  while (result.size() < most) {
    await(socket_, POLLIN);
    const ssize_t size =
        ::recv(socket_.get(), buffer.data(), std::min(buffer.size(), most - result.size()), 0);
    if (size == 0) {
      return result;
    }
    if (size < 0) {
      throw std::runtime_error("the connection failed");
    }
    result.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return result;
}

std::string Client::receive_within(std::chrono::milliseconds time) const {
  std::array<char, 65'536> buffer{};
  if (!ready(socket_, POLLIN, time)) {
    return {};
  }
  const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  if (size <= 0) {
    throw std::runtime_error("the connection ended");
  }
  return {buffer.data(), static_cast<std::size_t>(size)};
}

int Client::receive_error() const {
  std::array<char, 65'536> buffer{};
  while (true) {
    await(socket_, POLLIN);
    const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (size <= 0) {
      return size == 0 ? 0 : errno;
    }
  }
}

EchoServer::EchoServer(const Endpoint& where)
    : listener_(listen_on(where)), endpoint_(bound_to(listener_)) {
  acceptor_ = std::jthread([this](const std::stop_token& stop) { accept_all(stop); });
}

void EchoServer::stop() {
  acceptor_ = {};
  threads_.clear();
  listener_.close();
}

void EchoServer::accept_all(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (!ready(listener_, POLLIN, kTurn)) {
      continue;
    }
    Descriptor socket = accept_from(listener_);
    if (socket.open()) {
      ++connections_;
      ++open_;
      threads_.emplace_back([this, taken = std::move(socket)](const std::stop_token& ending) {
        echo(taken, ending);
        --open_;
      });
    }
  }
}

void EchoServer::echo(const Descriptor& socket, const std::stop_token& stop) {
  std::array<char, 65'536> buffer{};
  while (!stop.stop_requested()) {
    if (!ready(socket, POLLIN, kTurn)) {
      continue;
    }
    const ssize_t size = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (size <= 0) {
      break;
    }
    received_ += static_cast<std::size_t>(size);
    if (!send_all(socket, {buffer.data(), static_cast<std::size_t>(size)})) {
      break;
    }
  }
  ::shutdown(socket.get(), SHUT_RDWR);
}

}  // namespace outbox::chaos
