#include "support/text/printable.hpp"

#include <algorithm>
#include <cstddef>

#include "support/text/utf8.hpp"

namespace outbox::text {
namespace {

void append_escaped(std::string& target, std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    target += "\\x";
    target += kDigits[byte >> 4];
    target += kDigits[byte & 0x0F];
  }
}

// The first character of a text that is not empty: 1 to 4 bytes of UTF-8, else one byte.
std::string_view first_character(std::string_view text) {
  for (std::size_t length = 1; length <= std::min<std::size_t>(4, text.size()); ++length) {
    if (is_utf8(text.substr(0, length))) return text.substr(0, length);
  }
  return text.substr(0, 1);
}

}  // namespace

std::string printable(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const std::string_view character = first_character(text);
    if (is_utf8(character) && !has_control_character(character)) {
      shown += character;
    } else {
      append_escaped(shown, character);
    }
    text.remove_prefix(character.size());
  }
  return shown;
}

}  // namespace outbox::text
