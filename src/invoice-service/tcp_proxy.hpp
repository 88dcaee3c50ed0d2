// A TCP forwarder that a test can cut, to take a server away that other tests need.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace outbox::invoices::testing {

class TcpProxy {
 public:
  // Listens on a free port of 127.0.0.1 and forwards to `port` there. Throws when it cannot.
  explicit TcpProxy(std::uint16_t target);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  // From now on connections are closed, those that exist too; or let through again.
  void cut(bool yes);

 private:
  void accept_all(const std::stop_token& stop);
  void forward(int client, const std::stop_token& stop) const;

  std::uint16_t target_;
  std::uint16_t port_ = 0;
  int listener_;
  std::atomic<bool> cut_{false};
  std::list<std::jthread> connections_;  // of the acceptor
  std::jthread acceptor_;                // last: joined before the rest goes
};

}  // namespace outbox::invoices::testing
