#include "support/http/target.hpp"

#include <algorithm>
#include <cstddef>

#include "support/text/utf8.hpp"

namespace outbox::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decode_query_part(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return percent_decode(spaced);
}

Result<NamedValues> parse_query(std::string_view query) {
  NamedValues values;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (part.empty()) continue;
    const std::size_t equals = std::min(part.find('='), part.size());
    auto name = decode_query_part(part.substr(0, equals));
    auto value = decode_query_part(part.substr(std::min(equals + 1, part.size())));
    if (!name || !value) {
      return Error{ErrorCode::invalid_argument,
                   "the query has a broken percent escape, or text that is not UTF-8"};
    }
    values.emplace_back(std::move(*name), std::move(*value));
  }
  return values;
}

}  // namespace

Result<Target> parse_target(std::string_view target) {
  static constexpr std::string_view kSchemeEnd = "://";
  std::string_view rest = target;
  if (!rest.empty() && rest.front() != '/') {
    const std::size_t scheme_end = rest.find(kSchemeEnd);
    if (scheme_end == std::string_view::npos) {
      return Error{ErrorCode::invalid_argument, "the request target must begin with '/'"};
    }
    rest.remove_prefix(scheme_end + kSchemeEnd.size());
    rest.remove_prefix(std::min(rest.find_first_of("/?"), rest.size()));
  }
  rest = rest.substr(0, rest.find('#'));
  const std::size_t question = std::min(rest.find('?'), rest.size());
  auto query = parse_query(rest.substr(std::min(question + 1, rest.size())));
  if (!query.ok()) return query.error();
  Target parsed;
  parsed.path = rest.substr(0, question);
  if (parsed.path.empty()) parsed.path = "/";
  parsed.query = std::move(*query);
  return parsed;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (decoded.find('\0') != std::string::npos || !text::is_utf8(decoded)) return std::nullopt;
  return decoded;
}

}  // namespace outbox::http
