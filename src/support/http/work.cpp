#include "support/http/work.hpp"

#include <exception>
#include <utility>
#include <variant>

#include "support/http/refusals.hpp"
#include "support/http/target.hpp"

namespace outbox::http {

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

void Work::call_handler() {
  try {
    response = route->handler(request);
  } catch (const std::exception& exception) {
    error = exception.what();
    response = problem(500, "Internal Server Error",
                       "the server failed at this request; its log says why");
  }
}

}  // namespace outbox::http
