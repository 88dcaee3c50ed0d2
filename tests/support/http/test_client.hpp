// A raw HTTP client for tests: sends any bytes and reads what comes back. Every wait is bounded.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "support/http/message.hpp"

namespace outbox::http::testing {

struct Reply {
  int status = 0;
  Headers headers;
  std::string body;
};

class Client {
 public:
  // Connects to 127.0.0.1. `receive_buffer`: SO_RCVBUF in bytes, 0 as the system likes.
  explicit Client(std::uint16_t port, int receive_buffer = 0);
  // Null when nobody listens.
  [[nodiscard]] static std::unique_ptr<Client> try_connect(std::uint16_t port);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // False when the peer has closed.
  bool send(std::string_view bytes);
  // Sends a request with Host and Content-Length, and `extra` header lines ("Name: value\r\n").
  bool send_request(std::string_view method, std::string_view target, std::string_view body = {},
                    std::string_view extra = {});
  // The next answer; nothing when the connection ended or 10 s passed before it was complete.
  // `head`: the answer to HEAD, which has no body whatever its Content-Length.
  std::optional<Reply> read(bool head = false);
  // What comes up to and with `end`; what came before the connection ended or 10 s passed without.
  std::string read_until(std::string_view end);
  // Whether the peer closes within 10 s without sending anything more.
  bool closed_by_peer();

 private:
  Client() = default;
  [[nodiscard]] bool connect(std::uint16_t port, int receive_buffer);
  bool fill();

  int socket_ = -1;
  std::string received_;
};

// One request on its own connection. Fails the test when no answer comes.
Reply request(std::uint16_t port, std::string_view method, std::string_view target,
              std::string_view body = {}, std::string_view extra = {});

}  // namespace outbox::http::testing
