// One connection of a client.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <utility>  // Boost 1.74's coroutine headers use std::exchange without including it

#include <boost/asio.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include "support/http/detail/beast_request.hpp"
#include "support/http/detail/shared.hpp"
#include "support/http/detail/socket_stream.hpp"

namespace outbox::http::detail {

// It lives as long as its coroutine; everything but the handler's call runs on the I/O thread.
class Session : public std::enable_shared_from_this<Session> {
 public:
  // `refused`: it gets 503 and nothing else.
  Session(Shared& shared, tcp::socket socket, bool refused);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void start();
  // Ends what need not be waited for: no request is under way, or a stream that has no end.
  void drain();
  void close();
  // Whether it has been in its queue of Shared for so long.
  [[nodiscard]] bool has_waited(std::chrono::milliseconds time) const;

 private:
  using SteadyClock = std::chrono::steady_clock;
  enum class OnExpiry { stop_reading, close };
  // How many bytes may be written next, asked after each piece: what Asio calls a
  // CompletionCondition.
  using WritesOn = std::function<std::size_t(const error_code&, std::size_t)>;

  asio::awaitable<void> run();
  asio::awaitable<bool> shake_hands();
  // Reads a request and answers it. False: the connection is to be closed.
  asio::awaitable<bool> serve_one();
  asio::awaitable<bool> wait_for_request();
  // Sets work.response where the request gets no handler, and work.last where the connection
  // cannot go on; both without a response when there is nobody to answer.
  asio::awaitable<void> read_request(Parser& parser, Work& work);
  asio::awaitable<void> read_body(Parser& parser, Work& work);
  void fail_reading(Work& work, const error_code& error, const char* what,
                    std::chrono::milliseconds limit) const;
  asio::awaitable<void> handle(std::shared_ptr<Work> work);
  void call_on_pool(std::shared_ptr<Work> work, std::shared_ptr<std::atomic<bool>> taken);
  void report(const Work& work) const;
  void log_failure(const Work& work) const;
  asio::awaitable<void> send_events(Work& work);
  asio::awaitable<void> feed(Work& work);
  asio::awaitable<bool> send_news(EventStream& events, Work& work);
  [[nodiscard]] bool is_still_allowed(Work& work);
  asio::awaitable<bool> write_events(std::string bytes);
  asio::awaitable<bool> write(std::string bytes, WritesOn writes_on = asio::transfer_all());
  asio::awaitable<void> linger();

  // Until disarm, the operations on the socket may take so long, all together. stop_reading ends
  // a read but leaves the way open for an answer.
  void arm(std::chrono::milliseconds limit, OnExpiry action);
  void disarm();
  // In one of Shared's queues, or in none.
  void enter(std::list<Session*>& queue);
  void leave();

  Shared& shared_;
  SocketStream stream_;
  const bool refused_;
  boost::beast::flat_buffer buffer_;
  asio::steady_timer deadline_;
  asio::steady_timer handled_;
  std::string peer_;
  std::string local_;
  std::list<Session*>* queue_ = nullptr;
  std::list<Session*>::iterator place_;
  SteadyClock::time_point queued_since_{};
  SteadyClock::time_point gate_asked_{};  // about a stream of events
  std::uint64_t armed_ = 0;
  bool expired_ = false;
  bool handler_returned_ = false;
  bool has_served_ = false;
  bool between_requests_ = false;
  bool is_streaming_ = false;
};

}  // namespace outbox::http::detail
