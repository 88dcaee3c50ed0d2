// The two ends of the connections that the tests of the proxies make.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "tests/chaos/faults/sockets.hpp"

namespace outbox::chaos {

// A connection that is used by one thread to send and one to receive. Every wait ends after 30 s,
// with a throw.
class Client {
 public:
  // A failure to connect shows at the first use.
  explicit Client(const Endpoint& server);

  void send(std::string_view bytes) const;
  // As much as goes without waiting for the other side.
  void send_what_fits(std::size_t size) const;
  void finish() const;  // sends no more, still receives
  void reset();
  // Exactly so many bytes.
  [[nodiscard]] std::string receive(std::size_t size) const;
  // Until the other side ends, at most so many bytes.
  [[nodiscard]] std::string receive_all(std::size_t most) const;
  // What arrives in this time, at most 64 KiB.
  [[nodiscard]] std::string receive_within(std::chrono::milliseconds time) const;
  // The errno with which the connection fails; 0 when it ends in order.
  [[nodiscard]] int receive_error() const;

 private:
  Descriptor socket_;
};

// Sends back what it gets, on a thread for each connection.
class EchoServer {
 public:
  explicit EchoServer(const Endpoint& where = {});
  ~EchoServer() { stop(); }
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;

  // Ends its connections, and listens no more.
  void stop();
  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
  [[nodiscard]] std::size_t connections() const { return connections_; }  // since it began
  [[nodiscard]] std::size_t open() const { return open_; }
  [[nodiscard]] std::size_t received() const { return received_; }  // bytes, of all connections

 private:
  void accept_all(const std::stop_token& stop);
  void echo(const Descriptor& socket, const std::stop_token& stop);

  Descriptor listener_;
  Endpoint endpoint_;
  std::atomic<std::size_t> connections_ = 0;
  std::atomic<std::size_t> open_ = 0;
  std::atomic<std::size_t> received_ = 0;
  std::list<std::jthread> threads_;  // the acceptor's
  std::jthread acceptor_;
};

}  // namespace outbox::chaos
