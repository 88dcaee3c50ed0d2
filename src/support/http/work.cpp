#include "support/http/work.hpp"

#include <exception>
#include <utility>
#include <variant>

#include "support/http/event_stream.hpp"
#include "support/http/refusals.hpp"
#include "support/http/target.hpp"

namespace outbox::http {
namespace {

Response internal_error() {
  return problem(500, "Internal Server Error",
                 "the server failed at this request; its log says why");
}

}  // namespace

void Work::find_route(const Router& router, unsigned version) {
  response = check_framing(version, request.headers);
  last = response.has_value();
  if (last) return;
  auto target = parse_target(request.target);
  if (!target.ok()) {
    response = bad_request(target.error().message);
    return;
  }
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  auto found = router.find(request.method, request.path);
  if (auto* refusal = std::get_if<Response>(&found)) {
    response = std::move(*refusal);
    return;
  }
  auto& match = std::get<Router::Match>(found);
  route = match.route;
  request.path_parameters = std::move(match.path_parameters);
}

void Work::ask(Gate* gate, bool is_complete) {
  if (last) return;  // it is no request at all
  auto refusal = refusal_by(gate);
  if (!refusal) return;
  response = std::move(refusal);
  last = !is_complete;
}

bool Work::is_still_allowed(Gate* gate) {
  request.caller.reset();
  return !refusal_by(gate);
}

std::optional<Response> Work::refusal_by(Gate* gate) {
  try {
    if (gate != nullptr) return gate->check(request, route);
  } catch (const std::exception& exception) {
    error = exception.what();
    return internal_error();
  }
  if (route == nullptr || route->access == Access::open) return std::nullopt;
  return problem(403, "Forbidden", "this server cannot tell who calls it");
}

void Work::limit_streams(std::size_t existing, std::size_t most) {
  const std::shared_ptr<EventStream> stream = response->stream;
  if (stream == nullptr) return;
  if (existing >= most) {
    stream->close();
    response = overloaded("the server feeds as many streams of events as it may");
    return;
  }
  response->content_type = "text/event-stream";
  response->headers.add("Cache-Control", "no-store");
  response->headers.add("X-Accel-Buffering", "no");  // nginx: pass each event on at once
  if (request.method != "HEAD") return;
  stream->close();
  response->stream = nullptr;
}

void Work::call_handler() {
  try {
    response = route->handler(request);
  } catch (const std::exception& exception) {
    error = exception.what();
    response = internal_error();
  }
}

}  // namespace outbox::http
