#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "support/http/router.hpp"

namespace outbox::http {

// One request on its way to an answer.
struct Work {
  Request request;
  const Route* route = nullptr;
  bool last = false;  // the connection ends after the answer
  std::optional<Response> response;
  std::optional<std::string> error;  // of a handler that threw
  std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();

  // Checks the request, whose method, target and headers are there, and finds its route. Sets
  // `response` where that fails, and `last` where the connection cannot go on. `version`: 10 or 11.
  void find_route(const Router& router, unsigned version);

  // Sets `response`, and `error` when the handler throws. Precondition: there is a route.
  void call_handler();
};

}  // namespace outbox::http
