// A TCP proxy that loses, delays and breaks on demand.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "tests/chaos/faults/direction.hpp"
#include "tests/chaos/faults/stream_filter.hpp"

namespace outbox::chaos {

// An IPv4 address in numbers ("127.0.0.1") and a TCP port.
struct Endpoint {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
};

// What the proxy's faults had an effect on, since it began. A fault that met no traffic leaves its
// counter as it was.
struct ProxyCounters {
  std::uint64_t connections = 0;           // accepted
  std::uint64_t connections_refused = 0;   // reset, as the server did not take them
  std::uint64_t connections_silenced = 0;  // accepted while a blackhole was on
  std::uint64_t connections_cut = 0;       // reset by cut() or by the filter
  std::uint64_t bytes_held_to_server = 0;  // arrived while the blackhole of their way was on
  std::uint64_t bytes_held_to_client = 0;
  std::uint64_t bytes_delayed = 0;  // arrived while a delay was set
};

// Carries the connections that it accepts to one server. One thread of its own, which the
// destructor joins; at most 320 KiB are under way in a connection's direction, and at most 1,000
// connections at a time (more are reset). Every function may be called from any thread, takes
// effect before it returns, and never waits for the network.
class TcpProxy {
 public:
  // Port 0 of `listen` takes any free port. The server need not run yet; an unreachable one means
  // that the client's connection is reset. Throws when it cannot listen.
  TcpProxy(const Endpoint& listen, const Endpoint& server, FilterFactory filters = {});
  // Resets what is connected.
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  [[nodiscard]] const Endpoint& listening() const;

  // Where connections go that are accepted, or leave a blackhole, from now on: for a server whose
  // port is known only later, or one that took over.
  void forward_to(const Endpoint& server);

  // While it is on, nothing goes in this direction, the end of a connection included: neither side
  // hears anything of it, connections stay open, new ones are accepted and say nothing. What had
  // been sent into it arrives afterwards, as TCP would send it again; a connection that its client
  // gave up meanwhile ends then for the server also.
  void blackhole(Direction direction, bool on);
  // Resets every connection on both sides, and returns how many; new ones are accepted as before.
  std::size_t cut();
  // What arrives from now on goes on so much later, in both directions; 0 ends it. From 0 to 60 s.
  // It also bounds the speed, to 256 KiB for each delay.
  void delay(std::chrono::milliseconds delay);
  // Ends blackholes and delay. What was held goes on; what was delayed still comes when it is due.
  void heal();

  [[nodiscard]] ProxyCounters counters() const;
  // Connections now.
  [[nodiscard]] std::size_t connected() const;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace outbox::chaos
