#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "support/http/gate.hpp"
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

  // Asks who may call the route; sets `response` when the gate refuses, and then `last` unless the
  // request `is_complete`: the body of who is refused is not read. Without a gate, nobody may call
  // a route that is not open.
  void ask(Gate* gate, bool is_complete);

  // Asks again, long after, for an answer that has no end. False: the gate refuses now, or fails,
  // which sets `error`.
  [[nodiscard]] bool is_still_allowed(Gate* gate);

  // Of an answer that is a stream of events: sets its headers, or refuses it when there are `most`
  // already. HEAD gets the headers alone. Precondition: there is a response.
  void limit_streams(std::size_t existing, std::size_t most);

  // Sets `response`, and `error` when the handler throws. Precondition: there is a route.
  void call_handler();

 private:
  [[nodiscard]] std::optional<Response> refusal_by(Gate* gate);
};

}  // namespace outbox::http
