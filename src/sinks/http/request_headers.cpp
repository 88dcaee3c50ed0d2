#include "sinks/http/request_headers.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace outbox::http_sink {
namespace {

constexpr std::array<std::string_view, 14> kReserved = {"authorization",  "connection",
                                                        "content-length", "cookie",
                                                        "expect",         "host",
                                                        "keep-alive",     "te",
                                                        "trailer",        "transfer-encoding",
                                                        "upgrade",        "user-agent",
                                                        "http2-settings", "accept-encoding"};
constexpr std::array<std::string_view, 3> kReservedPrefixes = {"ce-", "proxy-", "webhook-"};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

// RFC 9110 §5.6.2.
bool is_token(std::string_view name) {
  constexpr std::string_view kPunctuation = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kPunctuation.find(c) != std::string_view::npos;
  });
}

bool is_reserved(std::string_view lower_name) {
  return std::find(kReserved.begin(), kReserved.end(), lower_name) != kReserved.end() ||
         std::any_of(kReservedPrefixes.begin(), kReservedPrefixes.end(),
                     [&](std::string_view prefix) { return lower_name.starts_with(prefix); });
}

// CloudEvents' HTTP binding 1.0.2 §3.1.3.2: space, quote, percent and what is not printable ASCII.
std::string percent_encode(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c > ' ' && c < '\x7f' && c != '"' && c != '%') {
      result += c;
    } else {
      result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return result;
}

// RFC 3339 with microseconds.
std::string time_text(std::int64_t unix_us) {
  const std::chrono::microseconds time(unix_us);
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(second.count()),
                     (time - second).count());
}

// libcurl takes a name that ends with a semicolon for a header without a value.
std::string line(std::string_view name, std::string_view value) {
  return value.empty() ? fmt::format("{};", name) : fmt::format("{}: {}", name, value);
}

}  // namespace

bool fits_header_value(std::string_view value) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  if (!value.empty() && (is_blank(value.front()) || is_blank(value.back()))) return false;
  return std::all_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= ' ' && byte != 0x7f) || byte == '\t';
  });
}

RequestHeaders::RequestHeaders(std::string content_type, std::string_view ce_source)
    : content_type_(std::move(content_type)), ce_source_(percent_encode(ce_source)) {}

Result<std::vector<std::string>> RequestHeaders::make(const Record& record) {
  if (auto read = row_.read(record.headers); !read) return read.error();
  std::vector<std::string> lines = {
      "ce-specversion: 1.0",
      line("ce-id", record.id.to_string()),
      line("ce-source", ce_source_),
      line("ce-type", percent_encode(record.type)),
      line("ce-time", time_text(record.created_at_us)),
      line("ce-subject", percent_encode(record.key)),
      line("ce-aggregatetype", percent_encode(record.aggregate_type)),
  };
  if (!record.topic.empty()) lines.push_back(line("ce-topic", percent_encode(record.topic)));
  bool has_content_type = false;
  for (std::size_t i = 0; i < row_.size(); ++i) {
    const auto [name, value, null] = row_[i];
    const std::string lower_name = lower(name);
    if (null || !is_token(name) || !fits_header_value(value) || is_reserved(lower_name)) continue;
    has_content_type |= lower_name == "content-type";
    lines.push_back(line(name, value));
  }
  if (!has_content_type) lines.push_back(line("content-type", content_type_));
  return lines;
}

}  // namespace outbox::http_sink
