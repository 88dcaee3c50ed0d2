#include "outbox-processor/api/session.hpp"

#include <string>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "support/http/json.hpp"

namespace outbox::api {
namespace {

using access::AccessControl;
using http::Request;
using http::Response;
using Json = nlohmann::ordered_json;

constexpr const char* kPath = "/api/v1/session";
constexpr std::size_t kLongestToken = 256;

Response bad_request(const std::string& detail, const std::string& pointer) {
  return http::problem(400, "Bad Request", detail, {{detail, pointer}});
}

std::variant<std::string, Response> token_in(const Request& request) {
  // A form of another page cannot send this type without asking first.
  const auto type = request.headers.find("Content-Type").value_or("");
  if (!http::same_ignoring_case(type.substr(0, type.find(';')), "application/json")) {
    return http::problem(415, "Unsupported Media Type", "send the token as application/json");
  }
  const auto body = http::parse_json(request.body);
  if (const auto* wrong = std::get_if<http::FieldError>(&body)) {
    return bad_request(wrong->detail, wrong->pointer);
  }
  const http::JsonValue* token = std::get<http::JsonValue>(body).find("token");
  if (token == nullptr || token->kind != http::JsonValue::Kind::string || token->text.empty() ||
      token->text.size() > kLongestToken) {
    return bad_request("the body must be {\"token\": \"…\"} with what outboxctl token new printed",
                       "#/token");
  }
  return token->text;
}

Response sign_in(const Request& request, AccessControl& access) {
  auto token = token_in(request);
  if (auto* refusal = std::get_if<Response>(&token)) return std::move(*refusal);
  auto done = access.sign_in(request, std::get<std::string>(token));
  if (auto* refusal = std::get_if<Response>(&done)) return std::move(*refusal);
  const auto& signed_in = std::get<AccessControl::SignedIn>(done);
  const Json body{{"name", signed_in.caller.name},
                  {"role", http::to_string(signed_in.caller.role)},
                  {"csrfToken", signed_in.csrf_token}};
  Response response = http::json_response(200, body.dump());
  response.headers.add("Set-Cookie", signed_in.cookie);
  return response;
}

Response who_is_it(const Request& request, AccessControl& access) {
  if (auto refusal = access.check_bearer(request)) return *std::move(refusal);
  Json body{{"name", nullptr},
            {"role", "none"},
            {"csrfToken", nullptr},
            {"authentication", access.has_tokens()},
            {"readOpen", access.reading_is_open()}};
  if (request.caller) {
    body["name"] = request.caller->name;
    body["role"] = http::to_string(request.caller->role);
  }
  if (const auto csrf = access.csrf_token(request)) body["csrfToken"] = *csrf;
  return http::json_response(200, body.dump());
}

Response sign_out(const Request& request, AccessControl& access) {
  auto done = access.sign_out(request);
  if (auto* refusal = std::get_if<Response>(&done)) return std::move(*refusal);
  Response response;
  response.status = 204;
  response.headers.add("Set-Cookie", std::get<std::string>(done));
  return response;
}

}  // namespace

void add_session_routes(http::Router& router, AccessControl& access) {
  router.add("POST", kPath, [&access](const Request& r) { return sign_in(r, access); });
  router.add("GET", kPath, [&access](const Request& r) { return who_is_it(r, access); });
  router.add("DELETE", kPath, [&access](const Request& r) { return sign_out(r, access); });
}

}  // namespace outbox::api
