#include "tests/support/http/webhook_receiver.hpp"

#include <stdexcept>
#include <utility>

#include "support/http/router.hpp"

namespace outbox::test {

WebhookReceiver::WebhookReceiver(std::size_t largest_body) : largest_body_(largest_body) {
  start();
}

std::string WebhookReceiver::url() const {
  return "http://127.0.0.1:" + std::to_string(port_) + "/events";
}

std::vector<http::Request> WebhookReceiver::received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

void WebhookReceiver::kill() {
  server_.reset();
}

void WebhookReceiver::start() {
  http::ServerOptions options;
  options.port = port_;
  // Larger than the handler's limit: the server itself would not read on and break the connection.
  options.max_body = 2 * largest_body_;
  options.max_header = 512 * 1024;
  options.drain_timeout = std::chrono::milliseconds(0);
  http::Router router;
  router.add(
      "POST", "/events", [this](const http::Request& request) { return take(request); },
      http::RunOn::inline_fast);
  server_ = std::make_unique<http::Server>(options, std::move(router));
  if (auto started = server_->start(); !started) throw std::runtime_error(started.error().message);
  port_ = server_->port();
}

http::Response WebhookReceiver::take(const http::Request& request) {
  if (request.body.size() > largest_body_) return http::text_response(413, "too large");
  const std::lock_guard lock(mutex_);
  received_.push_back(request);
  return {.status = 204, .content_type = {}, .headers = {}, .body = {}};
}

}  // namespace outbox::test
