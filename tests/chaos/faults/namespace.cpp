#include "tests/chaos/faults/namespace.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <unistd.h>

#include "tests/support/shell.hpp"

namespace outbox::chaos {
namespace {

using test::output_of;

constexpr std::string_view kPrefix = "ob";
// Whoever is sent to this address of hardware does not exist. The kernel at the other end drops the
// packet, and counts it; that needs no queueing discipline (netem), which not every kernel has.
constexpr const char* kNobody = "02:00:00:00:00:01";

// The names of all namespaces, without what `ip` says behind them.
std::vector<std::string> names() {
  std::istringstream text(output_of("ip netns list"));
  std::vector<std::string> result;
  for (std::string line; std::getline(text, line);) {
    result.push_back(line.substr(0, line.find(' ')));
  }
  return result;
}

// Whether the name is one of ours, of a process that is gone.
bool is_stale(std::string_view name) {
  if (!name.starts_with(kPrefix)) {
    return false;
  }
  name.remove_prefix(kPrefix.size());
  pid_t pid = 0;
  const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), pid);
  return failure == std::errc{} && end != name.data() + name.size() && *end == '-' &&
         ::kill(pid, 0) != 0 && errno == ESRCH;
}

std::string host_interface_of(const std::string& name) {
  return name + "h";
}

void remove(const std::string& name) {
  // The link goes also when a process keeps the namespace. Either may be gone.
  for (const std::string& what : {"link del " + host_interface_of(name), "netns del " + name}) {
    try {
      static_cast<void>(output_of("ip " + what));
    } catch (const std::runtime_error&) {
    }
  }
}

// Four addresses that the host does not know: "10.211.17." for 10.211.17.0/30.
std::string free_subnet() {
  const std::string known = output_of("ip -4 -o address show") + output_of("ip -4 route show");
  std::random_device random;
  for (int tried = 0; tried < 100; ++tried) {
    std::string subnet = "10." + std::to_string(128 + random() % 127) + "." +
                         std::to_string(1 + random() % 254) + ".";
    if (known.find(subnet) == std::string::npos) {
      return subnet;
    }
  }
  throw std::runtime_error("every subnet of 10.128.0.0/9 that was tried is in use");
}

// Packets that came to this interface and were for nobody there.
std::uint64_t strangers(const std::string& ip, const std::string& interface) {
  constexpr std::string_view kName = "\"otherhost\":";
  const std::string text = output_of(ip + " -json -s -s link show " + interface);
  const auto at = text.find(kName);
  std::uint64_t count = 0;  // for which `ip` says nothing
  if (at != std::string::npos) {
    std::from_chars(text.data() + at + kName.size(), text.data() + text.size(), count);
  }
  return count;
}

}  // namespace

bool NetworkNamespace::available() {
  static const bool result = [] {
    try {
      const NetworkNamespace probe;
      return true;
    } catch (const std::runtime_error&) {
      return false;
    }
  }();
  return result;
}

NetworkNamespace::NetworkNamespace() {
  static std::atomic<int> next = 0;
  for (const std::string& name : names()) {
    if (is_stale(name)) {
      remove(name);
    }
  }
  name_ = std::string(kPrefix) + std::to_string(::getpid()) + "-" + std::to_string(next++);
  host_interface_ = host_interface_of(name_);
  inner_interface_ = name_ + "n";
  const std::string subnet = free_subnet();
  host_address_ = subnet + "1";
  address_ = subnet + "2";
  const std::string inside = "ip -n " + name_;
  try {
    for (const std::string& command :
         {"ip netns add " + name_,
          "ip link add " + host_interface_ + " type veth peer name " + inner_interface_ +
              " netns " + name_,
          "ip address add " + host_address_ + "/30 dev " + host_interface_,
          "ip link set " + host_interface_ + " up",
          inside + " address add " + address_ + "/30 dev " + inner_interface_,
          inside + " link set lo up", inside + " link set " + inner_interface_ + " up",
          inside + " route add default via " + host_address_}) {
      static_cast<void>(output_of(command));
    }
  } catch (const std::runtime_error&) {
    remove(name_);
    throw;
  }
}

NetworkNamespace::~NetworkNamespace() {
  remove(name_);
}

std::vector<std::string> NetworkNamespace::command(const std::vector<std::string>& words) const {
  std::vector<std::string> result{"/usr/bin/nsenter", "--net=/run/netns/" + name_, "--"};
  result.insert(result.end(), words.begin(), words.end());
  return result;
}

void NetworkNamespace::blackhole(Direction direction, bool on) {
  const bool inside = direction == Direction::to_server;
  const std::string ip = inside ? "ip -n " + name_ : "ip";
  const std::string neighbour = inside ? host_address_ : address_;
  const std::string interface = inside ? inner_interface_ : host_interface_;
  static_cast<void>(output_of(ip + " neighbour replace " + neighbour + " dev " + interface +
                              " lladdr " + kNobody + " nud permanent"));
  if (!on) {
    // The kernel asks for the right one with the next packet.
    static_cast<void>(output_of(ip + " neighbour delete " + neighbour + " dev " + interface));
  }
}

std::uint64_t NetworkNamespace::packets_lost() const {
  return strangers("ip", host_interface_) + strangers("ip -n " + name_, inner_interface_);
}

}  // namespace outbox::chaos
