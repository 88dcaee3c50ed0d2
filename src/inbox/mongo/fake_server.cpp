#include "inbox/mongo/fake_server.hpp"

#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace outbox::mongo::testing {

namespace {

constexpr int kPollMs = 20;
constexpr std::int32_t kOpReply = 1;
constexpr std::int32_t kOpQuery = 2004;
constexpr std::int32_t kOpMsg = 2013;
constexpr std::int32_t kMaxMessage = 48'000'000;

// The head of each message of the wire protocol.
struct Header {
  std::int32_t length;
  std::int32_t request_id;
  std::int32_t response_to;
  std::int32_t op_code;
};

bool receive_all(int connection, void* target, std::size_t size) {
  return recv(connection, target, size, MSG_WAITALL) == static_cast<ssize_t>(size);
}

// The command's document: after the flags, and in OP_QUERY after the collection's name and two
// numbers, in OP_MSG after the section's kind.
std::optional<Bson> body_of(std::int32_t op_code, const std::string& message) {
  std::size_t at = sizeof(std::int32_t) + 1;
  if (op_code == kOpQuery) at = message.find('\0', sizeof(std::int32_t)) + 1 + 8;
  std::uint32_t size = 0;
  if (message.size() < at + sizeof size) return std::nullopt;
  std::memcpy(&size, message.data() + at, sizeof size);
  bson_t view;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(message.data() + at);  // NOLINT
  if (message.size() < at + size || !bson_init_static(&view, bytes, size)) return std::nullopt;
  return Bson(view);
}

void append_raw(std::string& target, const void* data, std::size_t size) {
  target.append(static_cast<const char*>(data), size);
}

std::string reply_to(const Header& request, const Bson& body) {
  const bool query = request.op_code == kOpQuery;
  // OP_REPLY: flags, cursor (8 bytes), first, count = 1. OP_MSG: flags and the kind of section, 0.
  std::string start(query ? 16 : 0, '\0');
  const std::int32_t one = 1;
  if (query) {
    append_raw(start, &one, sizeof one);
  } else {
    start.assign(5, '\0');
  }
  const Header header{static_cast<std::int32_t>(sizeof(Header) + start.size() + body.get()->len), 1,
                      request.request_id, query ? kOpReply : kOpMsg};
  std::string message;
  append_raw(message, &header, sizeof header);
  message += start;
  append_raw(message, bson_get_data(body.get()), body.get()->len);
  return message;
}

}  // namespace

FakeServer::FakeServer(Answer answer)
    : answer_(std::move(answer)), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);  // NOLINT: the sockets API
  if (bind(listener_, raw, size) != 0 || listen(listener_, 16) != 0 ||
      getsockname(listener_, raw, &size) != 0) {
    close(listener_);
    throw std::runtime_error("no port for the fake server");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
}

FakeServer::~FakeServer() {
  thread_.request_stop();
  thread_.join();
  close(listener_);
}

std::string FakeServer::uri() const {
  return "mongodb://127.0.0.1:" + std::to_string(port_) + "/";
}

int FakeServer::count(const std::string& command) const {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(command);
  return found == counts_.end() ? 0 : found->second;
}

void FakeServer::serve(const std::stop_token& stop) {
  std::vector<pollfd> sockets{{listener_, POLLIN, 0}};
  while (!stop.stop_requested()) {
    if (poll(sockets.data(), sockets.size(), kPollMs) <= 0) continue;
    if (sockets.front().revents != 0) {
      sockets.push_back({accept(listener_, nullptr, nullptr), POLLIN, 0});
    }
    for (std::size_t i = 1; i < sockets.size(); ++i) {
      if (sockets[i].revents == 0 || answer_one(sockets[i].fd)) continue;
      close(sockets[i].fd);
      sockets[i].fd = -1;  // poll passes over it
      sockets[i].revents = 0;
    }
  }
  for (std::size_t i = 1; i < sockets.size(); ++i)
    if (sockets[i].fd >= 0) close(sockets[i].fd);
}

bool FakeServer::answer_one(int connection) {
  Header header{};
  if (!receive_all(connection, &header, sizeof header)) return false;
  if (header.length < static_cast<std::int32_t>(sizeof header) || header.length > kMaxMessage) {
    return false;
  }
  std::string message(static_cast<std::size_t>(header.length) - sizeof header, '\0');
  if (!receive_all(connection, message.data(), message.size())) return false;
  const auto body = body_of(header.op_code, message);
  if (!body) return false;
  const auto reply = answer(*body);
  if (!reply) return false;
  const std::string bytes = reply_to(header, *reply);
  return send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(bytes.size());
}

std::optional<Bson> FakeServer::answer(const Bson& body) {
  bson_iter_t first;
  if (!bson_iter_init(&first, body.get()) || !bson_iter_next(&first)) return std::nullopt;
  const std::string command = bson_iter_key(&first);
  {
    const std::lock_guard lock(mutex_);
    ++counts_[command];
  }
  std::optional<Bson> reply;
  if (command == "hello" || command == "isMaster") {
    constexpr std::int32_t kMongo5 = 13;
    reply.emplace();
    bson_append_bool(reply->get(), "ismaster", -1, true);
    bson_append_bool(reply->get(), "isWritablePrimary", -1, true);
    bson_append_int32(reply->get(), "maxBsonObjectSize", -1, 16'777'216);
    bson_append_int32(reply->get(), "maxMessageSizeBytes", -1, kMaxMessage);
    bson_append_int32(reply->get(), "maxWriteBatchSize", -1, 100'000);
    bson_append_int32(reply->get(), "minWireVersion", -1, 0);
    bson_append_int32(reply->get(), "maxWireVersion", -1, kMongo5);
  } else {
    reply = answer_(command, body);
  }
  if (reply) bson_append_double(reply->get(), "ok", -1, 1.0);
  return reply;
}

}  // namespace outbox::mongo::testing
