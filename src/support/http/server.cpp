#include "support/http/server.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>  // Boost 1.74's coroutine headers use std::exchange without including it

#include <boost/asio.hpp>

#include "support/http/detail/session.hpp"
#include "support/http/detail/shared.hpp"
#include "support/http/detail/tls.hpp"

namespace outbox::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using detail::Session;
using std::chrono::milliseconds;

constexpr milliseconds kAcceptRetry{100};
// Connections above the cap that are being told so; further ones are closed without a word.
constexpr std::size_t kMaxRefusals = 64;

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, Router router)
      : shared_(std::move(options), std::move(router)), acceptor_(shared_.io), retry_(shared_.io) {}

  Result<void> start() {
    const ServerOptions& options = shared_.options;
    if (options.tls) {
      shared_.tls.emplace(asio::ssl::context::tls_server);
      if (auto loaded = detail::load_tls(*shared_.tls, *options.tls); !loaded) return loaded;
    }
    error_code error;
    const auto address = asio::ip::make_address(options.address, error);
    if (error) {
      return Error{ErrorCode::invalid_argument,
                   "cannot listen on '" + options.address + "': not an IPv4 or IPv6 address"};
    }
    const tcp::endpoint endpoint(address, options.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return Error{ErrorCode::conflict, "cannot listen on " + options.address + " port " +
                                            std::to_string(options.port) + ": " + error.message() +
                                            "; stop what uses it or set another port"};
    }
    port_ = acceptor_.local_endpoint().port();
    asio::co_spawn(shared_.io, accept_all(), asio::detached);
    io_thread_ = std::jthread([this] {
      shared_.io.run();  // until there is neither an acceptor nor a session
      const std::lock_guard lock(mutex_);
      io_ended_ = true;
      ended_.notify_all();
    });
    return {};
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }

  void stop() {
    if (!io_thread_.joinable()) return;
    asio::post(shared_.io, [this] { drain(); });
    {
      std::unique_lock lock(mutex_);
      ended_.wait_for(lock, shared_.options.drain_timeout, [this] { return io_ended_; });
    }
    shared_.cut_off = true;
    asio::post(shared_.io, [this] {
      for (Session* session : shared_.sessions)
        session->close();
    });
    shared_.pool.join();
    io_thread_.join();
  }

 private:
  asio::awaitable<void> accept_all() {
    while (acceptor_.is_open()) {
      error_code error;
      tcp::socket socket =
          co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (error && acceptor_.is_open()) {  // out of descriptors, most likely: not in a busy loop
        make_room();
        retry_.expires_after(kAcceptRetry);
        error_code cancelled;
        co_await retry_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
      }
      if (!error) begin_session(std::move(socket));
    }
  }

  void begin_session(tcp::socket socket) {
    const std::size_t limit = shared_.options.max_connections;
    if (shared_.sessions.size() >= limit + kMaxRefusals) return;
    const bool refused = shared_.sessions.size() >= limit && !make_room();
    std::make_shared<Session>(shared_, std::move(socket), refused)->start();
  }

  // Cuts off who has kept the server waiting for longest, and first those that lose least by it.
  // False: nobody has for long enough.
  bool make_room() {
    for (const auto* queue : {&shared_.idle, &shared_.reading, &shared_.writing}) {
      if (queue->empty() || !queue->front()->has_waited(shared_.options.patience)) continue;
      queue->front()->close();
      return true;
    }
    return false;
  }

  void drain() {
    shared_.draining = true;
    error_code ignored;
    acceptor_.close(ignored);  // NOLINT(bugprone-unused-return-value): nothing is left to do
    retry_.cancel();
    for (Session* session : shared_.sessions)
      session->drain();
  }

  detail::Shared shared_;
  tcp::acceptor acceptor_;
  asio::steady_timer retry_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool io_ended_ = false;
  std::jthread io_thread_;
};

Server::Server(ServerOptions options, Router router)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(router))) {}
Server::~Server() {
  stop();
}
Result<void> Server::start() {
  return impl_->start();
}
std::uint16_t Server::port() const {
  return impl_->port();
}
void Server::stop() {
  impl_->stop();
}

}  // namespace outbox::http
