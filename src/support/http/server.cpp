#include "support/http/server.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_set>
#include <utility>  // Boost 1.74's coroutine headers use std::exchange without including it

#include <boost/asio.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "support/http/refusals.hpp"
#include "support/http/work.hpp"
#include "support/telemetry/log.hpp"
#include "support/telemetry/rate_limit.hpp"

namespace outbox::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;
using Parser = beast::http::request_parser<beast::http::string_body>;
using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kReadSize = 16 * 1024;
constexpr std::size_t kMaxRead = 64 * 1024;  // Beast's own reads
// After an answer that ends the connection, what the client still sends is read and dropped up to
// here, so that the answer is not lost to a TCP reset.
constexpr std::size_t kLingerBytes = 16 * 1024 * 1024;
constexpr milliseconds kLingerTime{2'000};
constexpr milliseconds kAcceptRetry{100};
// Connections above the cap that are being told so; further ones are closed without a word.
constexpr std::size_t kMaxRefusals = 64;

class Session;

// What the sessions share. All but `pool`, `queued` and `cut_off` belongs to the I/O thread.
struct Shared {
  Shared(ServerOptions options_in, Router router_in)
      : options(std::move(options_in)),
        router(std::move(router_in)),
        pool(static_cast<std::size_t>(options.threads)) {}

  ServerOptions options;
  Router router;
  std::unordered_set<Session*> sessions;
  bool draining = false;
  telemetry::RateLimit failure_log{milliseconds(1'000)};
  std::atomic<std::size_t> queued{0};  // in the pool, not begun
  std::atomic<bool> cut_off{false};    // handlers that did not begin are not begun any more
  asio::thread_pool pool;
  asio::io_context io{1};
};

Headers copy_headers(const beast::http::fields& fields) {
  Headers headers;
  for (const auto& field : fields) {
    headers.add(std::string(field.name_string()), std::string(field.value()));
  }
  return headers;
}

// A connection. It lives as long as its coroutine; everything but the handler's call runs on the
// I/O thread.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Shared& shared, tcp::socket socket, bool refused)
      : shared_(shared),
        socket_(std::move(socket)),
        refused_(refused),
        buffer_(shared.options.max_header + 2 * kMaxRead),
        deadline_(shared.io),
        handled_(shared.io) {
    shared_.sessions.insert(this);
  }
  ~Session() { shared_.sessions.erase(this); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void start() {
    asio::co_spawn(
        shared_.io, [self = shared_from_this()] { return self->run(); }, asio::detached);
  }

  void close_if_idle() {
    if (idle_) close();
  }

  void close() {
    error_code ignored;
    socket_.close(ignored);  // NOLINT(bugprone-unused-return-value): nothing is left to do
  }

 private:
  enum class OnExpiry { stop_reading, close };

  asio::awaitable<void> run() {
    const auto self = shared_from_this();
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    if (refused_) {
      co_await write(serialize(overloaded("the server has too many connections"), false, false));
      co_await linger();
    } else {
      while (co_await serve_one()) {
      }
    }
    close();
  }

  // Reads a request and answers it. False: the connection is to be closed.
  asio::awaitable<bool> serve_one() {
    if (!co_await wait_for_request()) co_return false;
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(shared_.options.max_header));
    parser.body_limit(shared_.options.max_body);
    Work work;
    co_await read_request(parser, work);
    if (work.last && !work.response) co_return false;
    if (!work.response) co_await handle(work);
    report(work);
    work.last = work.last || shared_.draining || !parser.get().keep_alive();
    const bool written =
        co_await write(serialize(*work.response, work.request.method == "HEAD", !work.last));
    if (written && work.last) co_await linger();
    co_return written && !work.last;
  }

  asio::awaitable<bool> wait_for_request() {
    if (shared_.draining) co_return false;
    if (buffer_.size() > 0) co_return true;
    idle_ = true;
    arm(shared_.options.idle_timeout, OnExpiry::close);
    error_code error;
    const std::size_t size = co_await socket_.async_read_some(
        buffer_.prepare(kReadSize), asio::redirect_error(asio::use_awaitable, error));
    disarm();
    idle_ = false;
    buffer_.commit(size);
    co_return !error;
  }

  // Sets work.response where the request gets no handler, and work.last where the connection
  // cannot go on; both without a response when there is nobody to answer.
  asio::awaitable<void> read_request(Parser& parser, Work& work) {
    error_code error;
    arm(shared_.options.header_timeout, OnExpiry::stop_reading);
    co_await beast::http::async_read_header(socket_, buffer_, parser,
                                            asio::redirect_error(asio::use_awaitable, error));
    disarm();
    work.since = SteadyClock::now();
    if (error) {
      work.last = true;
      work.response = expired_
                          ? too_slow("the header", shared_.options.header_timeout)
                          : unreadable(error, shared_.options.max_header, shared_.options.max_body);
      co_return;
    }
    take_header(parser.get(), work);
    if (work.last || parser.is_done()) co_return;
    if (work.request.headers.count("Expect") > 0) {
      // Who waits for a permission gets the refusal instead, and the body is never sent.
      work.last = work.response.has_value();
      if (!work.last) work.last = !co_await write("HTTP/1.1 100 Continue\r\n\r\n");
      if (work.last) co_return;
    }
    co_await read_body(parser, work);
  }

  asio::awaitable<void> read_body(Parser& parser, Work& work) {
    error_code error;
    arm(shared_.options.body_timeout, OnExpiry::stop_reading);
    co_await beast::http::async_read(socket_, buffer_, parser,
                                     asio::redirect_error(asio::use_awaitable, error));
    disarm();
    if (error) {
      work.last = true;
      work.response = expired_
                          ? too_slow("the body", shared_.options.body_timeout)
                          : unreadable(error, shared_.options.max_header, shared_.options.max_body);
    }
    work.request.body = std::move(parser.get().body());
  }

  void take_header(const Parser::value_type& message, Work& work) const {
    work.request.method = std::string(message.method_string());
    work.request.target = std::string(message.target());
    work.request.headers = copy_headers(message.base());
    work.find_route(shared_.router, message.version());
  }

  asio::awaitable<void> handle(Work& work) {
    if (work.route->run_on == RunOn::inline_fast) {
      call_handler(work);
      co_return;
    }
    if (shared_.queued >= shared_.options.max_connections) {
      work.response = overloaded("too many requests wait for the server");
      co_return;
    }
    ++shared_.queued;
    handler_returned_ = false;
    handled_.expires_after(shared_.options.queue_timeout);
    // Who sets it first has the work: the task, or this coroutine when it gives up, which may end
    // it and the session. Once the task has it, the coroutine waits until the handler has returned.
    auto taken = std::make_shared<std::atomic<bool>>(false);
    asio::post(shared_.pool, [this, &shared = shared_, &work, taken] {
      --shared.queued;
      if (taken->exchange(true)) return;
      call_handler(work);
      asio::post(shared.io, [this] {
        handler_returned_ = true;
        handled_.cancel();
      });
    });
    error_code cancelled;
    co_await handled_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    if (!taken->exchange(true)) {
      work.response = overloaded("the server was too busy to begin with the request");
      co_return;
    }
    while (!handler_returned_) {
      handled_.expires_at(SteadyClock::time_point::max());
      co_await handled_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    }
  }

  void call_handler(Work& work) const {
    if (shared_.cut_off) {
      work.response = problem(503, "Service Unavailable", "the server is stopping; try again");
    } else {
      work.call_handler();
    }
  }

  void report(const Work& work) const {
    const auto now = SteadyClock::now();
    if (work.error) {
      if (const auto held_back = shared_.failure_log.pass(now)) {
        log::error("a request failed with an exception", {{"method", work.request.method},
                                                          {"path", work.request.path},
                                                          {"error", *work.error},
                                                          {"more_since_last_line", *held_back}});
      }
    }
    if (!shared_.options.on_exchange) return;
    shared_.options.on_exchange({work.request.method,
                                 work.route == nullptr ? "none" : work.route->pattern,
                                 work.response->status, now - work.since});
  }

  asio::awaitable<bool> write(std::string bytes) {
    error_code error;
    arm(shared_.options.write_timeout, OnExpiry::close);
    co_await asio::async_write(socket_, asio::buffer(bytes),
                               asio::redirect_error(asio::use_awaitable, error));
    disarm();
    co_return !error;
  }

  asio::awaitable<void> linger() {
    error_code error;
    socket_.shutdown(tcp::socket::shutdown_send, error);
    arm(kLingerTime, OnExpiry::close);
    std::size_t dropped = 0;
    std::string chunk(kReadSize, '\0');
    while (!error && dropped < kLingerBytes) {
      dropped += co_await socket_.async_read_some(asio::buffer(chunk),
                                                  asio::redirect_error(asio::use_awaitable, error));
    }
    disarm();
  }

  // Until disarm, the operations on the socket may take so long, all together. stop_reading ends
  // a read but leaves the way open for an answer.
  void arm(milliseconds limit, OnExpiry action) {
    expired_ = false;
    deadline_.expires_after(limit);
    deadline_.async_wait(
        [self = shared_from_this(), number = ++armed_, action](const error_code& error) {
          if (error || number != self->armed_) return;
          self->expired_ = true;
          if (action == OnExpiry::close) return self->close();
          error_code ignored;
          self->socket_.shutdown(tcp::socket::shutdown_receive, ignored);
        });
  }

  void disarm() {
    ++armed_;  // the timer may have fired already, with its handler still queued
    deadline_.cancel();
  }

  Shared& shared_;
  tcp::socket socket_;
  const bool refused_;
  beast::flat_buffer buffer_;
  asio::steady_timer deadline_;
  asio::steady_timer handled_;
  std::uint64_t armed_ = 0;
  bool expired_ = false;
  bool handler_returned_ = false;
  bool idle_ = false;
};

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, Router router)
      : shared_(std::move(options), std::move(router)), acceptor_(shared_.io), retry_(shared_.io) {}

  Result<void> start() {
    const ServerOptions& options = shared_.options;
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
    const bool refused = shared_.sessions.size() >= limit;
    std::make_shared<Session>(shared_, std::move(socket), refused)->start();
  }

  void drain() {
    shared_.draining = true;
    error_code ignored;
    acceptor_.close(ignored);  // NOLINT(bugprone-unused-return-value): nothing is left to do
    retry_.cancel();
    for (Session* session : shared_.sessions)
      session->close_if_idle();
  }

  Shared shared_;
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
