#include "tests/chaos/faults/connection.hpp"

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <sys/socket.h>
#include <utility>

namespace outbox::chaos {
namespace {

constexpr std::size_t kMostUnderWay = 256 * 1'024;
constexpr std::size_t kPiece = 64 * 1'024;

using Side = Connection::Side;

// Where the bytes of a socket go, and where those for it come from.
Direction from(Side side) {
  return side == Side::client ? Direction::to_server : Direction::to_client;
}
Direction to(Side side) {
  return side == Side::client ? Direction::to_client : Direction::to_server;
}
Side destination(Direction direction) {
  return direction == Direction::to_server ? Side::server : Side::client;
}

}  // namespace

// Gives the filter's output to the pipe.
class Connection::Collector final : public StreamFilter::Output {
 public:
  Collector(Pipe& pipe, ProxyTime now, std::chrono::milliseconds delay)
      : pipe_(pipe), now_(now), delay_(delay) {}

  void forward(std::string_view bytes, std::chrono::milliseconds late) override {
    if (bytes.empty()) {
      return;
    }
    ProxyTime due = now_ + std::max(late, delay_);
    if (!pipe_.chunks.empty()) {
      due = std::max(due, pipe_.chunks.back().due);
    }
    if (pipe_.chunks.empty() || pipe_.chunks.back().due != due) {
      pipe_.chunks.push_back({due, {}});
    }
    pipe_.chunks.back().bytes += bytes;
    pipe_.size += bytes.size();
  }
  void reset() override { reset_ = true; }

  [[nodiscard]] bool wants_reset() const { return reset_; }

 private:
  Pipe& pipe_;
  ProxyTime now_;
  std::chrono::milliseconds delay_;
  bool reset_ = false;
};

Connection::Connection(Descriptor client, std::unique_ptr<StreamFilter> filter)
    : filter_(std::move(filter)) {
  socket_of(Side::client) = std::move(client);
}

const Descriptor& Connection::socket(Side side) const {
  return sockets_.at(static_cast<std::size_t>(side));
}

Descriptor& Connection::socket_of(Side side) {
  return sockets_.at(static_cast<std::size_t>(side));
}

Connection::Pipe& Connection::pipe(Direction direction) {
  return pipes_.at(static_cast<std::size_t>(direction));
}

const Connection::Pipe& Connection::pipe(Direction direction) const {
  return pipes_.at(static_cast<std::size_t>(direction));
}

bool Connection::over() const {
  return std::ranges::all_of(pipes_, &Pipe::done);
}

short Connection::interest(Side side) const {
  if (!socket(side).open()) {
    return 0;
  }
  if (side == Side::server && server_ == Server::connecting) {
    return POLLOUT;
  }
  const Pipe& source = pipe(from(side));
  const bool reads = !source.ended && !source.done && source.size < kMostUnderWay;
  const bool writes = pipe(to(side)).blocked;
  return static_cast<short>((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));
}

std::optional<ProxyTime> Connection::next_due(const ProxyState& state) const {
  std::optional<ProxyTime> result;
  for (const Direction direction : {Direction::to_server, Direction::to_client}) {
    const Pipe& way = pipe(direction);
    const bool connected = direction == Direction::to_client || server_ == Server::connected;
    if (way.chunks.empty() || way.blocked || !connected || state.lost(direction)) {
      continue;
    }
    const ProxyTime due = way.chunks.front().due;
    result = result ? std::min(*result, due) : due;
  }
  return result;
}

void Connection::on_events(Side side, short events, ProxyTime now, ProxyState& state) {
  if (side == Side::server && server_ == Server::connecting) {
    if (connect_failed(socket(side))) {
      ++state.counters.connections_refused;
      cut();
      return;
    }
    server_ = Server::connected;
  }
  const short wanted = interest(side);
  const bool failed = (events & (POLLERR | POLLHUP)) != 0;
  if ((wanted & POLLOUT) != 0 && (failed || (events & POLLOUT) != 0)) {
    pipe(to(side)).blocked = false;
  }
  if ((wanted & POLLIN) != 0 && (failed || (events & POLLIN) != 0)) {
    receive(side, now, state);
  }
}

void Connection::receive(Side side, ProxyTime now, ProxyState& state) {
  std::array<char, kPiece> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): recv fills it
  const ssize_t size = ::recv(socket(side).get(), buffer.data(), buffer.size(), 0);
  if (size > 0) {
    take(from(side), {buffer.data(), static_cast<std::size_t>(size)}, now, state);
  } else if (size == 0) {
    pipe(from(side)).ended = true;
  } else if (errno != EAGAIN && errno != EINTR) {
    lose(side);
  }
}

void Connection::take(Direction direction, std::string_view bytes, ProxyTime now,
                      ProxyState& state) {
  if (state.lost(direction)) {
    auto& held = direction == Direction::to_server ? state.counters.bytes_held_to_server
                                                   : state.counters.bytes_held_to_client;
    held += bytes.size();
  }
  if (state.delay.count() > 0) {
    state.counters.bytes_delayed += bytes.size();
  }
  Collector output(pipe(direction), now, state.delay);
  if (filter_ == nullptr) {
    output.forward(bytes, {});
  } else {
    filter_->pass(direction, bytes, output);
  }
  if (output.wants_reset()) {
    ++state.counters.connections_cut;
    cut();
  }
}

bool Connection::advance(const Endpoint& server, ProxyTime now, ProxyState& state) {
  if (!over() && server_ == Server::waiting) {
    if (pipe(Direction::to_server).ended) {
      cut();  // the server never heard of it
    } else if (!state.lost(Direction::to_server)) {
      server_ = Server::connecting;
      socket_of(Side::server) = connect_to(server);
      if (!socket(Side::server).open()) {
        ++state.counters.connections_refused;
        cut();
      }
    }
  }
  flush(Direction::to_server, now, state);
  flush(Direction::to_client, now, state);
  return !over();
}

void Connection::flush(Direction direction, ProxyTime now, const ProxyState& state) {
  Pipe& way = pipe(direction);
  const bool connected = server_ == Server::connected;
  if (way.done || way.blocked || !connected || state.lost(direction)) {
    return;
  }
  while (!way.chunks.empty() && way.chunks.front().due <= now) {
    Chunk& chunk = way.chunks.front();
    const std::string_view rest = std::string_view(chunk.bytes).substr(chunk.sent);
    const ssize_t sent =
        ::send(socket(destination(direction)).get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EAGAIN || errno == EINTR) {
        way.blocked = true;
      } else {
        lose(destination(direction));
      }
      return;
    }
    chunk.sent += static_cast<std::size_t>(sent);
    way.size -= static_cast<std::size_t>(sent);
    if (chunk.sent == chunk.bytes.size()) {
      way.chunks.pop_front();
    }
  }
  if (way.ended && way.chunks.empty()) {
    finish(direction);
  }
}

// The destination hears of the end as the source has made it.
void Connection::finish(Direction direction) {
  Descriptor& socket = socket_of(destination(direction));
  if (pipe(direction).broken) {
    reset(socket);
    lose(destination(direction));
  } else {
    ::shutdown(socket.get(), SHUT_WR);
    pipe(direction).done = true;
  }
}

// A side is gone. What it had sent still goes to the other one.
void Connection::lose(Side side) {
  socket_of(side).close();
  Pipe& incoming = pipe(to(side));
  incoming = {};
  incoming.done = true;
  Pipe& outgoing = pipe(from(side));
  outgoing.ended = true;
  outgoing.broken = true;
  if (!socket(destination(from(side))).open()) {
    outgoing.done = true;
  }
}

void Connection::cut() {
  for (Descriptor& socket : sockets_) {
    if (socket.open()) {
      reset(socket);
    }
  }
  for (Pipe& way : pipes_) {
    way = {};
    way.done = true;
  }
}

}  // namespace outbox::chaos
