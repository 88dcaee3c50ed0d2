// A network of its own for one process, which can lose what goes one way.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/chaos/faults/direction.hpp"

namespace outbox::chaos {

// A network namespace, joined to the host by a pair of virtual interfaces. A process in it reaches
// every address of the host but 127.0.0.1, which is its own: what it needs must listen on
// host_address() or 0.0.0.0, and what the host asks of it, on address(). The kernel's objects have
// names that begin with "ob" and the process id; the destructor removes them, and the next
// constructor those of processes that are gone. Every function may be called from any thread, and
// throws with what the `ip` program said when it fails.
class NetworkNamespace {
 public:
  // Whether this user can make one here: root with CAP_SYS_ADMIN, a kernel that has veth, `ip`.
  [[nodiscard]] static bool available();

  NetworkNamespace();
  // A process that still runs in it keeps the namespace, without its connection.
  ~NetworkNamespace();
  NetworkNamespace(const NetworkNamespace&) = delete;
  NetworkNamespace& operator=(const NetworkNamespace&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  // The host's end of the pair. Other namespaces reach it as well, by their own end.
  [[nodiscard]] const std::string& host_address() const { return host_address_; }
  // The end inside.
  [[nodiscard]] const std::string& address() const { return address_; }

  // The words that run `words` inside: the program replaces them, so the pid is its own. The first
  // is an absolute path.
  [[nodiscard]] std::vector<std::string> command(const std::vector<std::string>& words) const;

  // While it is on, every packet in this direction is lost, and nobody is told: to_server is what
  // leaves the namespace, to_client what the host sends to it. It does not nest.
  void blackhole(Direction direction, bool on);
  // Packets that were lost so, in both directions since the beginning.
  [[nodiscard]] std::uint64_t packets_lost() const;

 private:
  std::string name_;
  std::string host_interface_;
  std::string inner_interface_;
  std::string host_address_;
  std::string address_;
};

}  // namespace outbox::chaos
