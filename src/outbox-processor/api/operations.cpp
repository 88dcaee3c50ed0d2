// What runs beside the requests: how far it is, and a way to stop it.
#include <string>

#include "outbox-processor/api/answers.hpp"
#include "outbox-processor/api/change_routes.hpp"
#include "outbox-processor/api/operation_json.hpp"
#include "support/text/rfc3339.hpp"

namespace outbox::api {
namespace {

using admin::Json;

constexpr const char* kForgotten =
    "there is no operation with this id; the newest 100 are kept, until the relay ends";

http::Response one_of(const http::Request& request, const std::optional<Operation>& operation) {
  if (!operation) return failure(request, Error{ErrorCode::not_found, kForgotten});
  return json_answer(200, operation_json(*operation));
}

http::Response list(const Operations& operations) {
  Json items = Json::array();
  for (const Operation& operation : operations.all())
    items.push_back(operation_json(operation));
  return json_answer(200, {{"items", items}, {"nextCursor", nullptr}});
}

}  // namespace

Json operation_json(const Operation& operation) {
  const Json ended =
      operation.ended_at_us ? Json(text::rfc3339_micros(*operation.ended_at_us)) : Json(nullptr);
  const Json error = operation.error.empty() ? Json(nullptr) : Json(operation.error);
  return {{"id", operation.id},
          {"kind", operation.kind},
          {"actor", operation.actor},
          {"startedAt", text::rfc3339_micros(operation.started_at_us)},
          {"endedAt", ended},
          {"total", operation.total},
          {"done", operation.done},
          {"changed", operation.changed},
          {"state", to_string(operation.state)},
          {"error", error}};
}

http::Response accepted(const http::Request& request, const Result<Operation>& started) {
  if (!started) return failure(request, started.error());
  http::Response response = json_answer(202, operation_json(*started));
  response.headers.add("Location", "/api/v1/operations/" + started->id);
  return response;
}

void add_operation_routes(http::Router& router, const ApiContext& context) {
  Operations& operations = *context.operations;
  router.add(
      "GET", "/api/v1/operations", [&operations](const http::Request&) { return list(operations); },
      http::Access::viewer);
  router.add(
      "GET", "/api/v1/operations/{id}",
      [&operations](const http::Request& request) {
        return one_of(request, operations.find(request.path_parameter("id")));
      },
      http::Access::viewer);
  router.add(
      "POST", "/api/v1/operations/{id}/cancel",
      [&operations](const http::Request& request) {
        return one_of(request, operations.cancel(request.path_parameter("id")));
      },
      http::Access::operator_);
}

}  // namespace outbox::api
