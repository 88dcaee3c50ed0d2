#include "outboxctl/text_table.hpp"

#include <algorithm>
#include <cstddef>

#include "liboutbox/utf8.hpp"

namespace outbox::ctl {
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

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) >> 6) != 2; }));
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

void TextTable::print(std::ostream& out) const {
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], width_of(row[i]));
  }
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      line.append(widths[i] - width_of(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  }
}

}  // namespace outbox::ctl
