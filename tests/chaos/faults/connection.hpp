// One connection through a proxy: two sockets and what is under way between them.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tests/chaos/faults/sockets.hpp"
#include "tests/chaos/faults/stream_filter.hpp"

namespace outbox::chaos {

using ProxyTime = std::chrono::steady_clock::time_point;

// The faults that are on, which all connections of a proxy share with its counters.
struct ProxyState {
  std::array<bool, 2> blackhole{};  // by Direction
  std::chrono::milliseconds delay{0};
  ProxyCounters counters;

  [[nodiscard]] bool lost(Direction direction) const {
    return blackhole.at(static_cast<std::size_t>(direction));
  }
};

// Not thread-safe: the proxy's lock guards it.
class Connection {
 public:
  enum class Side { client, server };

  Connection(Descriptor client, std::unique_ptr<StreamFilter> filter);

  [[nodiscard]] const Descriptor& socket(Side side) const;
  // What poll() shall wait for on that socket: POLLIN, POLLOUT, both or nothing.
  [[nodiscard]] short interest(Side side) const;
  // When something that is held back becomes due; nothing when poll() will tell.
  [[nodiscard]] std::optional<ProxyTime> next_due(const ProxyState& state) const;

  // What poll() has found on that socket.
  void on_events(Side side, short events, ProxyTime now, ProxyState& state);
  // Connects as soon as it may, and sends what is due. False when the connection is over.
  [[nodiscard]] bool advance(const Endpoint& server, ProxyTime now, ProxyState& state);
  // Resets both sides.
  void cut();

 private:
  struct Chunk {
    ProxyTime due;
    std::string bytes;
    std::size_t sent = 0;
  };
  // One direction. `ended`: the source sends no more; `broken`: because it failed; `done`: the
  // destination has had everything, or is gone.
  struct Pipe {
    std::deque<Chunk> chunks;
    std::size_t size = 0;
    bool blocked = false;
    bool ended = false;
    bool broken = false;
    bool done = false;
  };
  class Collector;
  enum class Server { waiting, connecting, connected };

  [[nodiscard]] Descriptor& socket_of(Side side);
  [[nodiscard]] Pipe& pipe(Direction direction);
  [[nodiscard]] const Pipe& pipe(Direction direction) const;
  [[nodiscard]] bool over() const;
  void receive(Side side, ProxyTime now, ProxyState& state);
  void take(Direction direction, std::string_view bytes, ProxyTime now, ProxyState& state);
  void flush(Direction direction, ProxyTime now, const ProxyState& state);
  void finish(Direction direction);
  void lose(Side side);

  std::array<Descriptor, 2> sockets_;
  std::array<Pipe, 2> pipes_;
  std::unique_ptr<StreamFilter> filter_;
  Server server_ = Server::waiting;
};

}  // namespace outbox::chaos
