#include "tests/chaos/faults/tcp_proxy.hpp"

#include <algorithm>
#include <cerrno>
#include <list>
#include <map>
#include <mutex>
#include <poll.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "tests/chaos/faults/connection.hpp"

namespace outbox::chaos {
namespace {

constexpr std::size_t kMostConnections = 1'000;
constexpr std::chrono::milliseconds kLongestDelay = std::chrono::seconds{60};
constexpr int kMostAtOnce = 64;  // connections that one round accepts

}  // namespace

class TcpProxy::Loop {
 public:
  Loop(const Endpoint& listen, Endpoint server, FilterFactory filters)
      : listener_(listen_on(listen)),
        listening_(bound_to(listener_)),
        filters_(std::move(filters)),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        server_(std::move(server)) {
    if (!wake_.open()) {
      throw std::system_error(errno, std::generic_category(), "a proxy's eventfd");
    }
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

  ~Loop() {
    thread_.request_stop();
    wake();
    thread_.join();
    cut();
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  [[nodiscard]] const Endpoint& listening() const { return listening_; }

  void forward_to(const Endpoint& server) {
    const std::lock_guard lock(mutex_);
    server_ = server;
  }

  // Changes the faults, and has what they held go on.
  template <class Change>
  void change(const Change& change) {
    {
      const std::lock_guard lock(mutex_);
      change(state_);
    }
    wake();
  }

  std::size_t cut() {
    std::size_t count = 0;
    {
      const std::lock_guard lock(mutex_);
      for (auto& [id, connection] : connections_) {
        connection.cut();
      }
      count = connections_.size();
      state_.counters.connections_cut += count;
      connections_.clear();
    }
    wake();  // poll() holds the sockets until it returns
    return count;
  }

  [[nodiscard]] ProxyCounters counters() const {
    const std::lock_guard lock(mutex_);
    return state_.counters;
  }

  [[nodiscard]] std::size_t connected() const {
    const std::lock_guard lock(mutex_);
    return connections_.size();
  }

 private:
  struct Watched {
    std::uint64_t connection;
    Connection::Side side;
  };

  void wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
  }

  void run(const std::stop_token& stop) {
    std::vector<pollfd> polled;
    std::vector<Watched> watched;
    while (!stop.stop_requested()) {
      const int timeout_ms = prepare(polled, watched);
      if (::poll(polled.data(), polled.size(), timeout_ms) < 0 && errno != EINTR) {
        std::terminate();  // only a broken program comes here: EFAULT, EINVAL, ENOMEM
      }
      std::uint64_t ignored = 0;
      while (::read(wake_.get(), &ignored, sizeof ignored) > 0) {
      }
      handle(polled, watched);
    }
  }

  // Says what poll() shall wait for, and how long at most: -1 is for ever.
  int prepare(std::vector<pollfd>& polled, std::vector<Watched>& watched) {
    const std::lock_guard lock(mutex_);
    polled = {{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    watched.clear();
    std::optional<ProxyTime> due;
    for (const auto& [id, connection] : connections_) {
      for (const auto side : {Connection::Side::client, Connection::Side::server}) {
        // A socket of which nothing is wanted stays away: poll() would tell of its end for ever.
        if (const short events = connection.interest(side)) {
          polled.push_back({connection.socket(side).get(), events, 0});
          watched.push_back({id, side});
        }
      }
      if (const auto next = connection.next_due(state_)) {
        due = due ? std::min(*due, *next) : *next;
      }
    }
    if (!due) {
      return -1;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*due - now());
    return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
  }

  void handle(const std::vector<pollfd>& polled, const std::vector<Watched>& watched) {
    const std::lock_guard lock(mutex_);
    accept_all();
    const ProxyTime time = now();
    for (std::size_t i = 0; i < watched.size(); ++i) {
      const short events = polled[i + 2].revents;
      const auto found = connections_.find(watched[i].connection);
      if (events != 0 && found != connections_.end()) {
        found->second.on_events(watched[i].side, events, time, state_);
      }
    }
    for (auto at = connections_.begin(); at != connections_.end();) {
      at = at->second.advance(server_, time, state_) ? std::next(at) : connections_.erase(at);
    }
  }

  void accept_all() {
    for (int i = 0; i < kMostAtOnce; ++i) {
      Descriptor socket = accept_from(listener_);
      if (!socket.open()) {
        return;
      }
      ++state_.counters.connections;
      if (connections_.size() >= kMostConnections) {
        ++state_.counters.connections_refused;
        reset(socket);
        continue;
      }
      if (state_.lost(Direction::to_server) || state_.lost(Direction::to_client)) {
        ++state_.counters.connections_silenced;
      }
      connections_.try_emplace(next_++, std::move(socket), filters_ ? filters_() : nullptr);
    }
  }

  static ProxyTime now() { return std::chrono::steady_clock::now(); }

  const Descriptor listener_;
  const Endpoint listening_;
  const FilterFactory filters_;
  const Descriptor wake_;  // an eventfd: something was changed

  mutable std::mutex mutex_;
  Endpoint server_;                                  // guarded by mutex_
  ProxyState state_;                                 // guarded by mutex_
  std::map<std::uint64_t, Connection> connections_;  // guarded by mutex_, by their number
  std::uint64_t next_ = 0;                           // guarded by mutex_
  std::jthread thread_;
};

TcpProxy::TcpProxy(const Endpoint& listen, const Endpoint& server, FilterFactory filters)
    : loop_(std::make_unique<Loop>(listen, server, std::move(filters))) {}

TcpProxy::~TcpProxy() = default;

const Endpoint& TcpProxy::listening() const {
  return loop_->listening();
}

void TcpProxy::blackhole(Direction direction, bool on) {
  loop_->change(
      [&](ProxyState& state) { state.blackhole.at(static_cast<std::size_t>(direction)) = on; });
}

void TcpProxy::forward_to(const Endpoint& server) {
  loop_->forward_to(server);
}

std::size_t TcpProxy::cut() {
  return loop_->cut();
}

void TcpProxy::delay(std::chrono::milliseconds delay) {
  if (delay.count() < 0 || delay > kLongestDelay) {
    throw std::invalid_argument("a proxy delays by 0 to 60,000 ms, not by " +
                                std::to_string(delay.count()));
  }
  loop_->change([&](ProxyState& state) { state.delay = delay; });
}

void TcpProxy::heal() {
  loop_->change([](ProxyState& state) {
    state.blackhole = {};
    state.delay = {};
  });
}

ProxyCounters TcpProxy::counters() const {
  return loop_->counters();
}

std::size_t TcpProxy::connected() const {
  return loop_->connected();
}

}  // namespace outbox::chaos
