// A destination for webhooks that answers at once and remembers what came.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "support/http/message.hpp"
#include "support/http/server.hpp"

namespace outbox::test {

// Takes POST /events on 127.0.0.1: 204, or 413 for a body above a limit. Thread-safe.
class WebhookReceiver {
 public:
  // Throws when it cannot listen.
  explicit WebhookReceiver(std::size_t largest_body = 1024 * 1024);

  [[nodiscard]] std::string url() const;
  // What was answered with 204, in the order of arrival.
  [[nodiscard]] std::vector<http::Request> received() const;

  // Drops every connection and refuses new ones, until start, which listens on the same port.
  void kill();
  void start();

 private:
  http::Response take(const http::Request& request);

  std::size_t largest_body_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::vector<http::Request> received_;
  std::unique_ptr<http::Server> server_;  // last: stopped before the rest goes
};

}  // namespace outbox::test
