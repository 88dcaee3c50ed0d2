#include "support/http/message.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include <nlohmann/json.hpp>

namespace outbox::http {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::optional<std::string_view> find_value(const NamedValues& values, std::string_view name) {
  for (const auto& [key, value] : values) {
    if (key == name) return value;
  }
  return std::nullopt;
}

bool breaks_framing(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  if (name.empty() || breaks_framing(name) || breaks_framing(value)) return;
  out.append(name).append(": ").append(value).append("\r\n");
}

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 64> text{};
  const std::size_t size =
      std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

std::string status_and_headers(const Response& response) {
  std::string out;
  out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  out.append(reason_phrase(response.status)).append("\r\n");
  append_header(out, "Date", http_date());
  if (!response.content_type.empty()) append_header(out, "Content-Type", response.content_type);
  for (const auto& [name, value] : response.headers.all())
    append_header(out, name, value);
  return out;
}

}  // namespace

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

void Headers::add(std::string name, std::string value) {
  entries_.emplace_back(std::move(name), std::move(value));
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const auto& [key, value] : entries_) {
    if (same_ignoring_case(key, name)) return value;
  }
  return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(entries_.begin(), entries_.end(),
                    [&](const auto& entry) { return same_ignoring_case(entry.first, name); }));
}

std::string_view to_string(Role role) {
  return role == Role::operator_ ? "operator" : "viewer";
}

std::string_view Request::path_parameter(std::string_view name) const {
  return find_value(path_parameters, name).value_or(std::string_view{});
}

std::optional<std::string_view> Request::query_parameter(std::string_view name) const {
  return find_value(query, name);
}

Response text_response(int status, std::string text) {
  return {status, "text/plain; charset=utf-8", {}, std::move(text), nullptr};
}

Response json_response(int status, std::string json) {
  return {status, "application/json", {}, std::move(json), nullptr};
}

Response problem(int status, std::string_view title, std::string_view detail,
                 const std::vector<FieldError>& errors) {
  nlohmann::ordered_json body{
      {"type", "about:blank"}, {"title", title}, {"status", status}, {"detail", detail}};
  if (!errors.empty()) {
    auto& list = body["errors"];
    for (const FieldError& error : errors) {
      list.push_back({{"detail", error.detail}, {"pointer", error.pointer}});
    }
  }
  using Handler = nlohmann::ordered_json::error_handler_t;
  return {
      status, "application/problem+json", {}, body.dump(-1, ' ', false, Handler::replace), nullptr};
}

std::string_view reason_phrase(int status) {
  struct Phrase {
    int status;
    std::string_view text;
  };
  static constexpr std::array kPhrases{
      Phrase{200, "OK"},
      Phrase{201, "Created"},
      Phrase{202, "Accepted"},
      Phrase{204, "No Content"},
      Phrase{303, "See Other"},
      Phrase{304, "Not Modified"},
      Phrase{400, "Bad Request"},
      Phrase{401, "Unauthorized"},
      Phrase{403, "Forbidden"},
      Phrase{404, "Not Found"},
      Phrase{405, "Method Not Allowed"},
      Phrase{408, "Request Timeout"},
      Phrase{409, "Conflict"},
      Phrase{413, "Content Too Large"},
      Phrase{415, "Unsupported Media Type"},
      Phrase{417, "Expectation Failed"},
      Phrase{421, "Misdirected Request"},
      Phrase{422, "Unprocessable Content"},
      Phrase{429, "Too Many Requests"},
      Phrase{431, "Request Header Fields Too Large"},
      Phrase{500, "Internal Server Error"},
      Phrase{501, "Not Implemented"},
      Phrase{503, "Service Unavailable"},
      Phrase{505, "HTTP Version Not Supported"},
  };
  const auto* found = std::find_if(kPhrases.begin(), kPhrases.end(),
                                   [&](const Phrase& phrase) { return phrase.status == status; });
  return found == kPhrases.end() ? std::string_view{"Unknown"} : found->text;
}

std::string serialize(const Response& response, bool head_only, bool keep_alive) {
  std::string out = status_and_headers(response);
  // RFC 9110 §8.6: no Content-Length with 204.
  const bool has_body = response.status != 204 && response.status != 304;
  if (has_body) append_header(out, "Content-Length", std::to_string(response.body.size()));
  append_header(out, "Connection", keep_alive ? "keep-alive" : "close");
  out.append("\r\n");
  if (has_body && !head_only) out.append(response.body);
  return out;
}

std::string serialize_stream_head(const Response& response) {
  std::string out = status_and_headers(response);
  append_header(out, "Connection", "close");
  out.append("\r\n");
  return out;
}

void add_security_headers(Response& response) {
  const auto add = [&](const char* name, const char* value) {
    if (response.headers.count(name) == 0) response.headers.add(name, value);
  };
  add("X-Content-Type-Options", "nosniff");
  add("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  add("Referrer-Policy", "no-referrer");
  add("Cross-Origin-Resource-Policy", "same-origin");
  if (response.content_type.find("json") != std::string::npos) add("Cache-Control", "no-store");
}

}  // namespace outbox::http
