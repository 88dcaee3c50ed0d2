#include "outbox-processor/api/answers.hpp"

#include <utility>

#include "support/telemetry/log.hpp"

namespace outbox::api {
namespace {

http::Response not_stored(http::Response response) {
  response.headers.add("Cache-Control", "no-store");
  return response;
}

http::Response problem(int status, std::string_view detail) {
  return not_stored(http::problem(status, http::reason_phrase(status), detail));
}

}  // namespace

std::string actor_of(const http::Request& request) {
  return (request.caller ? request.caller->name : "anonymous") + " via api";
}

http::Response json_answer(int status, const admin::Json& json) {
  return not_stored(http::json_response(
      status, json.dump(-1, ' ', false, admin::Json::error_handler_t::replace)));
}

http::Response failure(const http::Request& request, const Error& error) {
  switch (error.code) {
    case ErrorCode::invalid_argument:
      return problem(422, error.message);
    case ErrorCode::not_found:
      return problem(404, error.message);
    case ErrorCode::conflict:
      return problem(409, error.message);
    default:
      break;
  }
  log::warn("a request failed",
            {{"method", request.method}, {"path", request.path}, {"error", error.message}});
  if (error.code != ErrorCode::source_unavailable && error.code != ErrorCode::timeout) {
    return problem(500, "the request failed; the relay's log says why");
  }
  http::Response response =
      problem(503, error.code == ErrorCode::timeout
                       ? "the database took too long: try again, or ask for less"
                       : "the database does not answer: try again soon");
  response.headers.add("Retry-After", "1");
  return response;
}

http::Response with_outbox(const ApiContext& context, const http::Request& request,
                           const std::function<http::Response(admin::PostgresOutbox&)>& work) {
  if (context.outbox == nullptr) {
    return problem(501, "the outbox is in a SQLite file: this is for outboxes in PostgreSQL");
  }
  auto outbox = context.outbox->take(actor_of(request));
  // No 404: what the request names may well be there, once the tables are.
  if (!outbox && outbox.error().code == ErrorCode::not_found) {
    return problem(503, outbox.error().message);
  }
  if (!outbox) {
    Error error = std::move(outbox).error();
    // Nothing that was asked for is the reason, the relay's own user or database is.
    if (error.code == ErrorCode::invalid_argument || error.code == ErrorCode::conflict) {
      error.code = ErrorCode::internal;
    }
    return failure(request, error);
  }
  return work(*outbox);
}

}  // namespace outbox::api
