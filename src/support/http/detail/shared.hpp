// What the connections of one server share.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <list>
#include <optional>
#include <unordered_set>
#include <utility>

#include <boost/asio.hpp>
#include <boost/asio/ssl/context.hpp>

#include "support/http/server.hpp"
#include "support/telemetry/rate_limit.hpp"

namespace outbox::http::detail {

class Session;

// All but `pool`, `queued` and `cut_off` belongs to the I/O thread.
struct Shared {
  Shared(ServerOptions options_in, Router router_in)
      : options(std::move(options_in)),
        router(std::move(router_in)),
        pool(static_cast<std::size_t>(options.threads)) {}

  ServerOptions options;
  Router router;
  std::optional<boost::asio::ssl::context> tls;
  std::unordered_set<Session*> sessions;
  // Those that owe the rest of a request, those that may send a next one, and those that have not
  // taken all of their answer: the longest first.
  std::list<Session*> reading;
  std::list<Session*> idle;
  std::list<Session*> writing;
  std::size_t event_streams = 0;
  bool draining = false;
  telemetry::RateLimit failure_log{std::chrono::milliseconds(1'000)};
  std::atomic<std::size_t> queued{0};  // in the pool, not begun
  std::atomic<bool> cut_off{false};    // handlers that did not begin are not begun any more
  boost::asio::thread_pool pool;
  boost::asio::io_context io{1};
};

}  // namespace outbox::http::detail
