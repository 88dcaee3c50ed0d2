#include "tests/support/http/test_client.hpp"

#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <gtest/gtest.h>

namespace outbox::http::testing {
namespace {

constexpr int kPatienceMs = 10'000;

Reply parse_head(std::string_view head) {
  Reply reply;
  std::size_t end = head.find("\r\n");
  const std::string_view status = head.substr(9, 3);
  std::from_chars(status.data(), status.data() + status.size(), reply.status);
  while (end != std::string_view::npos) {
    head.remove_prefix(end + 2);
    end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    reply.headers.add(std::string(line.substr(0, colon)), std::string(line.substr(colon + 2)));
  }
  return reply;
}

std::size_t content_length(const Reply& reply) {
  const std::string_view text = reply.headers.find("Content-Length").value_or("0");
  std::size_t length = 0;
  std::from_chars(text.data(), text.data() + text.size(), length);
  return length;
}

}  // namespace

Client::Client(std::uint16_t port, int receive_buffer) {
  EXPECT_TRUE(connect(port, receive_buffer)) << "cannot connect to port " << port;
}

std::unique_ptr<Client> Client::try_connect(std::uint16_t port) {
  std::unique_ptr<Client> client(new Client);
  return client->connect(port, 0) ? std::move(client) : nullptr;
}

bool Client::connect(std::uint16_t port, int receive_buffer) {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer > 0) {
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

Client::~Client() {
  ::close(socket_);
}

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool Client::send_request(std::string_view method, std::string_view target, std::string_view body,
                          std::string_view extra) {
  std::string bytes;
  bytes.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: 127.0.0.1\r\n");
  if (!body.empty()) {
    bytes.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  }
  bytes.append(extra).append("\r\n").append(body);
  return send(bytes);
}

bool Client::fill() {
  pollfd waiting{socket_, POLLIN, 0};
  if (::poll(&waiting, 1, kPatienceMs) <= 0) return false;
  std::array<char, 65536> chunk{};
  const ssize_t size = ::recv(socket_, chunk.data(), chunk.size(), 0);
  if (size <= 0) return false;
  received_.append(chunk.data(), static_cast<std::size_t>(size));
  return true;
}

std::optional<Reply> Client::read(bool head) {
  static constexpr std::string_view kEnd = "\r\n\r\n";
  std::size_t end = received_.find(kEnd);
  for (; end == std::string::npos; end = received_.find(kEnd)) {
    if (!fill()) return std::nullopt;
  }
  Reply reply = parse_head(std::string_view(received_).substr(0, end));
  received_.erase(0, end + kEnd.size());
  const std::size_t length = head ? 0 : content_length(reply);
  while (received_.size() < length) {
    if (!fill()) return std::nullopt;
  }
  reply.body = received_.substr(0, length);
  received_.erase(0, length);
  return reply;
}

std::string Client::read_until(std::string_view end) {
  std::size_t at = received_.find(end);
  for (; at == std::string::npos; at = received_.find(end)) {
    if (!fill()) return std::exchange(received_, {});
  }
  std::string found = received_.substr(0, at + end.size());
  received_.erase(0, found.size());
  return found;
}

bool Client::closed_by_peer() {
  if (!received_.empty()) return false;
  pollfd waiting{socket_, POLLIN, 0};
  if (::poll(&waiting, 1, kPatienceMs) <= 0) return false;
  char byte = 0;
  return ::recv(socket_, &byte, 1, 0) <= 0;
}

Reply request(std::uint16_t port, std::string_view method, std::string_view target,
              std::string_view body, std::string_view extra) {
  Client client(port);
  std::string headers(extra);
  headers += "Connection: close\r\n";
  client.send_request(method, target, body, headers);
  auto reply = client.read(method == "HEAD");
  EXPECT_TRUE(reply) << "no answer to " << method << " " << target;
  return reply.value_or(Reply{});
}

}  // namespace outbox::http::testing
