// An HTTP/1.1 server with a bound on everything that a client controls.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "outbox/result.hpp"
#include "support/http/gate.hpp"
#include "support/http/router.hpp"

namespace outbox::http {

// One request that was answered, for metrics and the log.
struct Exchange {
  std::string_view method;  // as the client wrote it: not for a metric's label
  std::string_view route;   // the pattern of the route, or "none" when no route was found
  int status = 0;
  std::chrono::nanoseconds duration{
      0};  // from the whole header's arrival to the answer being ready
};

struct TlsFiles {
  std::string certificate;  // a PEM file: the server's certificate, then those that vouch for it
  std::string key;          // a PEM file, not encrypted
};

struct ServerOptions {
  std::string address = "127.0.0.1";   // an IPv4 or IPv6 address to listen on
  std::uint16_t port = 0;              // 0: any free one, see Server::port
  int threads = 4;                     // that run handlers; 1 to 1,024
  std::size_t max_body = 1024 * 1024;  // bytes, larger: 413
  std::size_t max_header = 16 * 1024;  // bytes of request line and headers, larger: 431
  // Further ones take the place of the connection that has been idle, or behind with its request
  // or with reading its answer, for longest; when none has been for `patience`, they get 503 and
  // are closed. A stream of events is behind only while its client takes nothing at all.
  std::size_t max_connections = 1'024;
  // Connections that owe the rest of a request. Beyond, those that have been behind for longest,
  // and for `patience`, are cut off: many slow clients do not keep others out.
  std::size_t max_reading = 256;
  std::chrono::milliseconds patience{1'000};
  std::size_t max_event_streams = 32;                 // further ones get 503
  std::chrono::milliseconds event_heartbeat{15'000};  // of a stream of events without news
  // Nothing is sent to a stream whose gate was asked longer ago than this: it is asked again first.
  std::chrono::milliseconds event_recheck{1'000};
  std::optional<TlsFiles> tls{};  // nothing: HTTP in the clear
  // Asked for each request; null: everybody may call what is open, and nobody the rest.
  std::shared_ptr<Gate> gate{};
  std::chrono::milliseconds header_timeout{10'000};  // from a request's first byte, later: 408
  std::chrono::milliseconds body_timeout{30'000};    // from the end of its header, later: 408
  // How long a request waits for a handler thread, longer: 503, and its handler never runs. No more
  // than max_connections wait.
  std::chrono::milliseconds queue_timeout{10'000};
  std::chrono::milliseconds write_timeout{30'000};  // for a whole answer, later: closed
  std::chrono::milliseconds idle_timeout{60'000};   // between requests, later: closed
  std::chrono::milliseconds drain_timeout{10'000};  // how long stop() waits for requests
  // Called once for each request that was answered, on the I/O thread; must not block.
  std::function<void(const Exchange&)> on_exchange{};
};

// Answers with problem+json what never reaches a handler: 400, 404, 405, 408, 413, 417, 431, 501,
// 503, 505; and 500 for a handler that throws, whose error goes to the log. Requests of a
// connection are answered one after the other, in their order (pipelining is safe).
//
// start and stop belong to one thread; port may be asked by any.
class Server {
 public:
  Server(ServerOptions options, Router router);
  ~Server();  // stops
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listens and serves, once. invalid_argument: no such address, or TLS files that cannot be
  // used; conflict: the address is in use.
  [[nodiscard]] Result<void> start();

  // The port that is listened on, after start.
  [[nodiscard]] std::uint16_t port() const;

  // Takes no new connection or request, lets those that were begun end within drain_timeout, then
  // cuts the rest off, waits for running handlers and joins all threads. Idempotent.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace outbox::http
