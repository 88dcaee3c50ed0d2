#include "support/access/access_control.hpp"

#include <algorithm>
#include <utility>

#include "support/access/origin.hpp"
#include "support/access/secret.hpp"

namespace outbox::access {
namespace {

using http::Access;
using http::problem;
using http::Request;
using http::Response;
using http::Role;
using std::chrono::steady_clock;

constexpr std::string_view kCookie = "outbox_session";
constexpr std::string_view kCsrfHeader = "X-Outbox-CSRF";

bool changes(const Request& request) {
  return request.method != "GET" && request.method != "HEAD";
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' '))
    text.remove_prefix(1);
  while (text.ends_with(' '))
    text.remove_suffix(1);
  return text;
}

// The token of "Authorization: Bearer TOKEN"; nothing with another scheme, a proxy's perhaps.
std::optional<std::string_view> bearer_of(const Request& request) {
  static constexpr std::string_view kScheme = "Bearer ";
  const auto value = request.headers.find("Authorization");
  if (!value || !http::same_ignoring_case(value->substr(0, kScheme.size()), kScheme)) {
    return std::nullopt;
  }
  return trimmed(value->substr(kScheme.size()));
}

// The session's id in the cookie; empty without one.
std::string_view session_id_of(const Request& request) {
  std::string_view rest = request.headers.find("Cookie").value_or("");
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    const std::string_view pair = trimmed(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (pair.starts_with(kCookie) && pair.substr(kCookie.size()).starts_with('=')) {
      return pair.substr(kCookie.size() + 1);
    }
  }
  return {};
}

Response csrf_refusal() {
  return problem(403, "Forbidden",
                 "a change by a signed-in browser must carry the session's token in X-Outbox-CSRF; "
                 "get it from GET /api/v1/session");
}

bool shows_csrf_token(const Request& request, std::string_view token) {
  return same_secret(request.headers.find(kCsrfHeader).value_or(""), token);
}

}  // namespace

AccessControl::AccessControl(AccessOptions options)
    : options_(std::move(options)), tokens_(options_.tokens_file) {}

std::optional<Response> AccessControl::check(Request& request, const http::Route* route) {
  if (!names_this_server(request, options_.allowed_hosts)) {
    return problem(421, "Misdirected Request",
                   "this server is not known by the name in Host; use its address, or add the name "
                   "to http.allowed_hosts");
  }
  if (auto refusal = check_origin(request, route)) return refusal;
  if (route == nullptr) return std::nullopt;
  const auto now = steady_clock::now();
  const std::lock_guard lock(mutex_);
  const Identity who = identify(request, now);
  request.caller = who.caller;
  return check_caller(request, *route, who, now);
}

std::optional<Response> AccessControl::check_origin(const Request& request,
                                                    const http::Route* route) const {
  const bool follows_link = request.headers.find("Sec-Fetch-Mode") == "navigate";
  const bool is_public = route == nullptr || route->access == Access::open;
  if (!changes(request) && (is_public || follows_link)) return std::nullopt;
  if (!comes_from_elsewhere(request, options_.allowed_hosts)) return std::nullopt;
  return problem(403, "Forbidden",
                 "a page of another origin sent this request; only this server's own pages and "
                 "programs may");
}

AccessControl::Identity AccessControl::identify(const Request& request, TimePoint now) {
  if (const auto bearer = bearer_of(request)) {
    const Token* token = tokens_.find(sha256_hex(*bearer), now);
    if (token == nullptr) return {std::nullopt, {}, true};
    return {http::Caller{token->name, token->role}, {}, false};
  }
  const std::string_view id = session_id_of(request);
  const Sessions::Session* session = id.empty() ? nullptr : sessions_.find(id, now);
  const Token* token = session == nullptr ? nullptr : tokens_.find(session->token_sha256, now);
  if (token == nullptr) return {};
  return {http::Caller{token->name, token->role}, session->csrf_token, false};
}

std::optional<Response> AccessControl::check_caller(const Request& request,
                                                    const http::Route& route, const Identity& who,
                                                    TimePoint now) {
  if (route.access == Access::open) return std::nullopt;
  if (who.wrong_bearer) return wrong_token(client_of(request), now);
  if (!who.caller) {
    if (route.access == Access::viewer && options_.reading_is_open) return std::nullopt;
    return token_needed(route);
  }
  if (changes(request) && !who.csrf_token.empty() && !shows_csrf_token(request, who.csrf_token)) {
    return csrf_refusal();
  }
  if (route.access == Access::operator_ && who.caller->role != Role::operator_) {
    return problem(403, "Forbidden",
                   who.caller->name + " may read; this needs a token of the role operator");
  }
  return std::nullopt;
}

Response AccessControl::wrong_token(const std::string& address, TimePoint now) {
  if (const auto wait = attempts_.wait(address, now)) {
    Response response = problem(
        429, "Too Many Requests",
        "there were too many wrong tokens; try again in " + std::to_string(wait->count()) + " s");
    response.headers.add("Retry-After", std::to_string(wait->count()));
    return response;
  }
  attempts_.failed(address, now);
  Response response = problem(401, "Unauthorized",
                              "nobody has this token; it may have been revoked: outboxctl token "
                              "list shows whose there are");
  response.headers.add("WWW-Authenticate", "Bearer realm=\"outbox\", error=\"invalid_token\"");
  return response;
}

Response AccessControl::token_needed(const http::Route& route) const {
  std::string detail = route.access == Access::operator_
                           ? "changes need a token of the role operator"
                           : "reading needs a token";
  detail += tokens_.has_file() ? "; sign in, or send it as Authorization: Bearer TOKEN"
                               : ", and this server has none: set http.tokens_file, and make one "
                                 "with outboxctl token new --name NAME --role operator";
  Response response = problem(401, "Unauthorized", detail);
  response.headers.add("WWW-Authenticate", "Bearer realm=\"outbox\"");
  return response;
}

std::optional<Response> AccessControl::check_bearer(const Request& request) {
  const auto now = steady_clock::now();
  const std::lock_guard lock(mutex_);
  if (!identify(request, now).wrong_bearer) return std::nullopt;
  return wrong_token(client_of(request), now);
}

std::variant<AccessControl::SignedIn, Response> AccessControl::sign_in(const Request& request,
                                                                       std::string_view token) {
  const auto now = steady_clock::now();
  const std::string address = client_of(request);
  std::string digest = sha256_hex(token);
  const std::lock_guard lock(mutex_);
  const Token* found = attempts_.wait(address, now) ? nullptr : tokens_.find(digest, now);
  if (found == nullptr) return wrong_token(address, now);
  const std::string id = sessions_.begin(std::move(digest), now);
  return SignedIn{{found->name, found->role},
                  sessions_.find(id, now)->csrf_token,
                  cookie_of(request, id, Sessions::kLife)};
}

std::variant<std::string, Response> AccessControl::sign_out(const Request& request) {
  const std::string_view id = session_id_of(request);
  const std::lock_guard lock(mutex_);
  const Sessions::Session* session = sessions_.find(id, steady_clock::now());
  if (session != nullptr && !shows_csrf_token(request, session->csrf_token)) return csrf_refusal();
  sessions_.end(id);
  return cookie_of(request, "", std::chrono::seconds(0));
}

std::optional<std::string> AccessControl::csrf_token(const Request& request) {
  const auto now = steady_clock::now();
  const std::lock_guard lock(mutex_);
  const Identity who = identify(request, now);
  if (who.csrf_token.empty()) return std::nullopt;
  return who.csrf_token;
}

std::string AccessControl::client_of(const Request& request) const {
  static constexpr std::size_t kLongestAddress = 64;
  if (!options_.behind_proxy) return request.peer;
  // What stands before the last comma came from the client, who can write anything there.
  std::string_view last = request.peer;
  for (const auto& [name, value] : request.headers.all()) {
    if (!http::same_ignoring_case(name, "X-Forwarded-For")) continue;
    last = value;
    last.remove_prefix(last.rfind(',') + 1);  // npos + 1 is 0
  }
  return std::string(trimmed(last).substr(0, kLongestAddress));
}

std::string AccessControl::cookie_of(const Request& request, const std::string& id,
                                     std::chrono::seconds life) const {
  const bool secure = options_.tls || (options_.behind_proxy &&
                                       request.headers.find("X-Forwarded-Proto") == "https");
  return std::string(kCookie) + "=" + id +
         "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(life.count()) +
         (secure ? "; Secure" : "");
}

}  // namespace outbox::access
