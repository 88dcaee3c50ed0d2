#include "support/http/target.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

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

// The length of the sequence that begins with this byte, 0 when none may.
std::size_t sequence_length(std::uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

// The second byte's range excludes overlong forms, surrogates and code points past U+10FFFF.
bool second_byte_fits(std::uint8_t lead, std::uint8_t second) {
  const std::uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const std::uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  return second >= low && second <= high;
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
  if (decoded.find('\0') != std::string::npos || !is_utf8(decoded)) return std::nullopt;
  return decoded;
}

bool is_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<std::uint8_t>(text[i]);
    const std::size_t length = sequence_length(lead);
    if (length == 0 || length > text.size() - i) return false;
    for (std::size_t k = 1; k < length; ++k) {
      const auto byte = static_cast<std::uint8_t>(text[i + k]);
      if ((byte & 0xC0U) != 0x80U) return false;
      if (k == 1 && !second_byte_fits(lead, byte)) return false;
    }
    i += length;
  }
  return true;
}

}  // namespace outbox::http
