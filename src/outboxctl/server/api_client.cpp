#include "outboxctl/server/api_client.hpp"

#include <algorithm>
#include <fstream>

#include "support/access/origin.hpp"

namespace outbox::ctl::server {
namespace {

constexpr std::size_t kMostAnswer = 64 * 1024 * 1024;
constexpr std::size_t kMostToken = 4 * 1024;
// Longer than the server lets a statement take, and several of them make an answer.
constexpr std::chrono::seconds kPatience{60};

Result<std::string> read_token(const std::string& path) {
  if (path.empty()) return std::string{};
  std::ifstream file{path};
  std::string token;
  if (!file || !std::getline(file, token)) {
    return Error{ErrorCode::invalid_argument, "no token can be read from " + path};
  }
  while (token.ends_with('\r') || token.ends_with(' '))
    token.pop_back();
  const bool printable =
      std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < '\x7F'; });
  if (token.empty() || token.size() > kMostToken || !printable) {
    return Error{ErrorCode::invalid_argument, "the first line of " + path + " is no token"};
  }
  return token;
}

bool is_this_machine(const std::string& host) {
  return host == "localhost" || host == "[::1]" || access::is_loopback_address(host);
}

std::string reason_of(int status, const std::string& body) {
  const Json problem = Json::parse(body, nullptr, false);
  const Json& detail = field(problem, "detail");
  if (!detail.is_string()) return "the server answers " + std::to_string(status);
  std::string reason = shown(detail);
  for (const Json& error : field(problem, "errors")) {
    reason += "\n  " + shown(field(error, "pointer")) + " " + shown(field(error, "detail"));
  }
  return reason;
}

ErrorCode code_of(int status) {
  switch (status) {
    case 400:
    case 415:
    case 422:
      return ErrorCode::invalid_argument;
    case 404:
      return ErrorCode::not_found;
    case 503:
      return ErrorCode::source_unavailable;
    default:
      return ErrorCode::conflict;
  }
}

}  // namespace

ApiClient::ApiClient(std::string server, std::string token, std::string ca_file)
    : server_(std::move(server)), token_(std::move(token)) {
  options_.timeout = kPatience;
  options_.max_answer = kMostAnswer;
  options_.ca_file = std::move(ca_file);
}

Result<ApiClient> ApiClient::make(const CommonOptions& common) {
  std::string server = common.server;
  while (server.ends_with('/'))
    server.pop_back();
  const std::string scheme = http::scheme_of(server);
  if ((scheme != "http" && scheme != "https") || server.find('@') != std::string::npos) {
    return Error{ErrorCode::invalid_argument,
                 "--server takes the address of an outbox-processor: http://127.0.0.1:8080"};
  }
  auto token = read_token(common.token_file);
  if (!token) return std::move(token).error();
  if (!token->empty() && scheme == "http" && !is_this_machine(http::host_of(server))) {
    return Error{ErrorCode::invalid_argument,
                 "the token would travel unencrypted to another machine: use https"};
  }
  return ApiClient{std::move(server), *std::move(token), common.ca_file};
}

Result<Json> ApiClient::get(const std::string& path) const {
  return send({"GET", server_ + "/api/v1" + path, {}, {}});
}

Result<Json> ApiClient::post(const std::string& path) const {
  return send({"POST", server_ + "/api/v1" + path, {}, {}});
}

Result<Json> ApiClient::post(const std::string& path, const Json& body) const {
  http::ClientRequest request{"POST", server_ + "/api/v1" + path, {}, {}};
  request.headers.emplace_back("Content-Type: application/json");
  try {
    request.body = body.dump();
  } catch (const Json::exception&) {
    return Error{ErrorCode::invalid_argument,
                 "an argument or the payload is not UTF-8, which the server does not take: use "
                 "--database instead"};
  }
  return send(std::move(request));
}

Result<Json> ApiClient::send(http::ClientRequest request) const {
  request.headers.emplace_back("Accept: application/json");
  if (!token_.empty()) request.headers.emplace_back("Authorization: Bearer " + token_);
  auto answer = http::fetch(request, options_);
  if (!answer) {
    return Error{answer.error().code, server_ + ": " + std::move(answer).error().message};
  }
  if (answer->status < 200 || answer->status > 299) {
    return Error{code_of(answer->status), server_ + ": " + reason_of(answer->status, answer->body)};
  }
  Json json = Json::parse(answer->body, nullptr, false);
  if (json.is_discarded()) {
    return Error{ErrorCode::conflict, server_ + " does not answer as an outbox-processor does"};
  }
  return json;
}

std::string query_of(const std::vector<std::pair<std::string_view, std::string>>& parameters) {
  std::string query;
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    query += query.empty() ? '?' : '&';
    query += std::string{name} + '=' + http::percent_encoded(value);
  }
  return query;
}

const Json& field(const Json& object, const std::string& name) {
  static const Json null;
  if (!object.is_object()) return null;
  const auto found = object.find(name);
  return found == object.end() ? null : *found;
}

}  // namespace outbox::ctl::server
