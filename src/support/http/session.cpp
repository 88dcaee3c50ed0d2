#include "support/http/detail/session.hpp"

#include <atomic>
#include <optional>

#include "support/http/detail/guards.hpp"
#include "support/http/event_stream.hpp"
#include "support/http/refusals.hpp"
#include "support/telemetry/log.hpp"

namespace outbox::http::detail {
namespace {

namespace beast = boost::beast;
using std::chrono::milliseconds;

constexpr std::size_t kReadSize = 16 * 1024;
constexpr std::size_t kMaxRead = 64 * 1024;  // Beast's own reads
// After an answer that ends the connection, what the client still sends is read and dropped up to
// here, so that the answer is not lost to a TCP reset.
constexpr std::size_t kLingerBytes = 16 * 1024 * 1024;
constexpr milliseconds kLingerTime{2'000};

std::string address_of(const tcp::endpoint& endpoint, const error_code& error) {
  return error ? std::string() : endpoint.address().to_string();
}

void call_handler(const Shared& shared, Work& work) {
  if (shared.cut_off) {
    work.response = problem(503, "Service Unavailable", "the server is stopping; try again");
  } else {
    work.call_handler();
  }
}

}  // namespace

Session::Session(Shared& shared, tcp::socket socket, bool refused)
    : shared_(shared),
      stream_(std::move(socket), shared.tls ? &*shared.tls : nullptr),
      refused_(refused),
      buffer_(shared.options.max_header + 2 * kMaxRead),
      deadline_(shared.io),
      handled_(shared.io) {
  shared_.sessions.insert(this);
  error_code error;
  peer_ = address_of(stream_.socket().remote_endpoint(error), error);
  local_ = address_of(stream_.socket().local_endpoint(error), error);
}

Session::~Session() {
  leave();
  shared_.sessions.erase(this);
}

void Session::start() {
  asio::co_spawn(
      shared_.io, [self = shared_from_this()] { return self->run(); }, asio::detached);
}

void Session::drain() {
  if (between_requests_) close();
  if (is_streaming_) handled_.cancel();
}

void Session::close() {
  leave();
  error_code ignored;
  stream_.socket().close(ignored);  // NOLINT(bugprone-unused-return-value): nothing is left to do
}

bool Session::has_waited(milliseconds time) const {
  return SteadyClock::now() - queued_since_ >= time;
}

asio::awaitable<void> Session::run() {
  const auto self = shared_from_this();
  error_code ignored;
  stream_.socket().set_option(tcp::no_delay(true), ignored);
  if (!refused_) {
    enter(shared_.reading);
    if (co_await shake_hands()) {
      while (co_await serve_one()) {
      }
    }
  } else if (stream_.tls() == nullptr) {
    Response response = overloaded("the server has too many connections");
    add_security_headers(response);
    std::string bytes = serialize(response, false, false);
    co_await write(std::move(bytes));
    co_await linger();
  }
  close();
}

asio::awaitable<bool> Session::shake_hands() {
  if (stream_.tls() == nullptr) co_return true;
  error_code error;
  arm(shared_.options.header_timeout, OnExpiry::close);
  co_await stream_.tls()->async_handshake(asio::ssl::stream_base::server,
                                          asio::redirect_error(asio::use_awaitable, error));
  disarm();
  co_return !error;
}

asio::awaitable<bool> Session::serve_one() {
  if (!co_await wait_for_request()) co_return false;
  Parser parser;
  set_limits(parser, shared_.options);
  const auto shared_work = std::make_shared<Work>();  // with the handler's thread
  Work& work = *shared_work;
  work.request.peer = peer_;
  work.request.local = local_;
  co_await read_request(parser, work);
  leave();
  has_served_ = true;
  if (work.last && !work.response) co_return false;
  if (!work.response) co_await handle(shared_work);
  work.limit_streams(shared_.event_streams, shared_.options.max_event_streams);
  report(work);
  add_security_headers(*work.response);
  if (work.response->stream != nullptr) {
    co_await send_events(work);
    co_return false;
  }
  work.last = work.last || shared_.draining || !parser.get().keep_alive();
  std::string bytes = serialize(*work.response, work.request.method == "HEAD", !work.last);
  enter(shared_.writing);
  const bool written = co_await write(std::move(bytes));
  leave();
  if (written && work.last) co_await linger();
  co_return written && !work.last;
}

asio::awaitable<bool> Session::wait_for_request() {
  if (shared_.draining) co_return false;
  if (buffer_.size() == 0) {
    between_requests_ = true;
    if (has_served_) enter(shared_.idle);
    arm(shared_.options.idle_timeout, OnExpiry::close);
    error_code error;
    const std::size_t size = co_await stream_.async_read_some(
        buffer_.prepare(kReadSize), asio::redirect_error(asio::use_awaitable, error));
    disarm();
    between_requests_ = false;
    buffer_.commit(size);
    if (error) co_return false;
  }
  if (has_served_) enter(shared_.reading);
  co_return true;
}

asio::awaitable<void> Session::read_request(Parser& parser, Work& work) {
  error_code error;
  arm(shared_.options.header_timeout, OnExpiry::stop_reading);
  co_await beast::http::async_read_header(stream_, buffer_, parser,
                                          asio::redirect_error(asio::use_awaitable, error));
  disarm();
  work.since = SteadyClock::now();
  if (error) {
    fail_reading(work, error, "the header", shared_.options.header_timeout);
    co_return;
  }
  take_header(parser, shared_.router, work);
  work.ask(shared_.options.gate.get(), parser.is_done());
  if (work.last || parser.is_done()) co_return;
  if (work.request.headers.count("Expect") > 0) {
    // Who waits for a permission gets the refusal instead, and the body is never sent.
    work.last = work.response.has_value();
    if (!work.last) work.last = !co_await write("HTTP/1.1 100 Continue\r\n\r\n");
    if (work.last) co_return;
  }
  co_await read_body(parser, work);
}

asio::awaitable<void> Session::read_body(Parser& parser, Work& work) {
  error_code error;
  arm(shared_.options.body_timeout, OnExpiry::stop_reading);
  co_await beast::http::async_read(stream_, buffer_, parser,
                                   asio::redirect_error(asio::use_awaitable, error));
  disarm();
  if (error) fail_reading(work, error, "the body", shared_.options.body_timeout);
  work.request.body = std::move(parser.get().body());
}

void Session::fail_reading(Work& work, const error_code& error, const char* what,
                           milliseconds limit) const {
  work.last = true;
  work.response = expired_
                      ? too_slow(what, limit)
                      : unreadable(error, shared_.options.max_header, shared_.options.max_body);
}

asio::awaitable<void> Session::handle(std::shared_ptr<Work> work) {
  if (work->route->run_on == RunOn::inline_fast) {
    call_handler(shared_, *work);
    co_return;
  }
  if (shared_.queued >= shared_.options.max_connections) {
    work->response = overloaded("too many requests wait for the server");
    co_return;
  }
  // Who sets it first has the work: the task, or this coroutine when it gives up. Once the task has
  // it, the coroutine waits until the handler has returned.
  const auto taken = std::make_shared<std::atomic<bool>>(false);
  const ScopeExit give_up([taken] { taken->store(true); });
  handler_returned_ = false;
  handled_.expires_after(shared_.options.queue_timeout);
  call_on_pool(work, taken);
  error_code cancelled;
  co_await handled_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  if (!taken->exchange(true)) {
    work->response = overloaded("the server was too busy to begin with the request");
    co_return;
  }
  while (!handler_returned_) {
    handled_.expires_at(SteadyClock::time_point::max());
    co_await handled_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
}

// The task may outlive the session, where an exception ended that: so the work is the task's too,
// and it reaches the session on the I/O thread alone, if that is still there.
void Session::call_on_pool(std::shared_ptr<Work> work, std::shared_ptr<std::atomic<bool>> taken) {
  using Place = Counted<std::atomic<std::size_t>>;
  asio::post(shared_.pool,
             [&shared = shared_, weak = weak_from_this(), work = std::move(work),
              taken = std::move(taken), place = std::make_unique<Place>(shared_.queued)]() mutable {
               place.reset();
               if (taken->exchange(true)) return;
               call_handler(shared, *work);
               asio::post(shared.io, [weak = std::move(weak)] {
                 const auto self = weak.lock();
                 if (self == nullptr) return;
                 self->handler_returned_ = true;
                 self->handled_.cancel();
               });
             });
}

void Session::report(const Work& work) const {
  log_failure(work);
  if (!shared_.options.on_exchange) return;
  shared_.options.on_exchange({work.request.method,
                               work.route == nullptr ? "none" : work.route->pattern,
                               work.response->status, SteadyClock::now() - work.since});
}

void Session::log_failure(const Work& work) const {
  if (!work.error) return;
  const auto held_back = shared_.failure_log.pass(SteadyClock::now());
  if (!held_back) return;
  log::error("a request failed with an exception", {{"method", work.request.method},
                                                    {"path", work.request.path},
                                                    {"error", *work.error},
                                                    {"more_since_last_line", *held_back}});
}

asio::awaitable<void> Session::send_events(Work& work) {
  co_await feed(work);
  co_await linger();
}

// However it ends, nobody pushes to the stream any more, nor wakes this session.
asio::awaitable<void> Session::feed(Work& work) {
  static constexpr std::string_view kReconnect = "retry: 2000\n\n";  // milliseconds
  const std::shared_ptr<EventStream> events = work.response->stream;
  const Counted counted(shared_.event_streams);
  const ScopeExit over([this, events] {
    events->close();
    is_streaming_ = false;
  });
  is_streaming_ = true;
  events->attach([&io = shared_.io, weak = weak_from_this()] {
    asio::post(io, [weak] {
      if (const auto self = weak.lock()) self->handled_.cancel();
    });
  });
  std::string begin = serialize_stream_head(*work.response);
  begin += kReconnect;
  gate_asked_ = work.since;
  bool goes_on = co_await write_events(std::move(begin));
  while (goes_on && !shared_.draining)
    goes_on = co_await send_news(*events, work);
}

// Waits for news and writes it. False: the stream is over.
asio::awaitable<bool> Session::send_news(EventStream& events, Work& work) {
  const bool is_open = events.is_open();  // asked first: what was pushed before the end is sent
  std::string bytes = events.take();
  if (bytes.empty()) {
    if (!is_open) co_return false;
    error_code woken;
    handled_.expires_after(shared_.options.event_heartbeat);
    co_await handled_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    if (woken) co_return true;
    bytes = ":\n\n";  // a comment, so that a client who has gone is noticed
  }
  if (!is_still_allowed(work)) co_return false;
  co_return co_await write_events(std::move(bytes));
}

// A stream outlives the token or the session that it was asked for with, unless somebody looks.
bool Session::is_still_allowed(Work& work) {
  const auto now = SteadyClock::now();
  if (now - gate_asked_ < shared_.options.event_recheck) return true;
  gate_asked_ = now;
  const bool allowed = work.is_still_allowed(shared_.options.gate.get());
  log_failure(work);
  return allowed;
}

// Whoever follows events slowly but steadily keeps its place: what counts is the time since it last
// took some. Streams are few, so that who takes a little now and then keeps nobody out.
asio::awaitable<bool> Session::write_events(std::string bytes) {
  const bool written =
      co_await write(std::move(bytes), [this](const error_code& error, std::size_t done) {
        enter(shared_.writing);
        return asio::transfer_all()(error, done);
      });
  leave();
  co_return written;
}

asio::awaitable<bool> Session::write(std::string bytes, WritesOn writes_on) {
  error_code error;
  arm(shared_.options.write_timeout, OnExpiry::close);
  co_await asio::async_write(stream_, asio::buffer(bytes), std::move(writes_on),
                             asio::redirect_error(asio::use_awaitable, error));
  disarm();
  co_return !error;
}

asio::awaitable<void> Session::linger() {
  error_code error;
  if (!refused_) enter(shared_.writing);
  arm(kLingerTime, OnExpiry::close);
  if (stream_.tls() != nullptr) {
    error_code ignored;  // the client may not answer the farewell
    co_await stream_.tls()->async_shutdown(asio::redirect_error(asio::use_awaitable, ignored));
  }
  stream_.socket().shutdown(tcp::socket::shutdown_send, error);
  std::size_t dropped = 0;
  std::string chunk(kReadSize, '\0');
  while (!error && dropped < kLingerBytes) {
    dropped += co_await stream_.socket().async_read_some(
        asio::buffer(chunk), asio::redirect_error(asio::use_awaitable, error));
  }
  disarm();
}

void Session::arm(milliseconds limit, OnExpiry action) {
  expired_ = false;
  deadline_.expires_after(limit);
  deadline_.async_wait(
      [self = shared_from_this(), number = ++armed_, action](const error_code& error) {
        if (error || number != self->armed_) return;
        self->expired_ = true;
        if (action == OnExpiry::close) return self->close();
        error_code ignored;
        self->stream_.socket().shutdown(tcp::socket::shutdown_receive, ignored);
      });
}

void Session::disarm() {
  ++armed_;  // the timer may have fired already, with its handler still queued
  deadline_.cancel();
}

void Session::enter(std::list<Session*>& queue) {
  leave();
  queued_since_ = SteadyClock::now();
  place_ = queue.insert(queue.end(), this);
  queue_ = &queue;
  if (&queue != &shared_.reading) return;
  while (queue.size() > shared_.options.max_reading &&
         queue.front()->has_waited(shared_.options.patience))
    queue.front()->close();
}

void Session::leave() {
  if (queue_ == nullptr) return;
  queue_->erase(place_);
  queue_ = nullptr;
}

}  // namespace outbox::http::detail
