// The sockets of a proxy, none of which ever blocks.
#pragma once

#include <utility>

#include "tests/chaos/faults/tcp_proxy.hpp"

namespace outbox::chaos {

// Owns a file descriptor; -1 is none.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool open() const { return fd_ >= 0; }
  void close();
  // Of a connection: its peer hears of a failure, and what is under way is lost.
  void reset();

 private:
  int fd_ = -1;
};

// Throws when it cannot.
[[nodiscard]] Descriptor listen_on(const Endpoint& where);
[[nodiscard]] Endpoint bound_to(const Descriptor& listener);

// The next connection; none when none waits.
[[nodiscard]] Descriptor accept_from(const Descriptor& listener);
// Begins to connect; the socket is writable when it is decided, and connect_failed() says how. None
// when it failed at once.
[[nodiscard]] Descriptor connect_to(const Endpoint& server);
[[nodiscard]] bool connect_failed(const Descriptor& socket);

}  // namespace outbox::chaos
