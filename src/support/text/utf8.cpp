#include "support/text/utf8.hpp"

#include <cstddef>

namespace outbox::text {
namespace {

unsigned char byte_at(std::string_view text, std::size_t position) {
  return static_cast<unsigned char>(text[position]);
}

struct Range {
  unsigned char low;
  unsigned char high;
  bool contains(unsigned char byte) const { return byte >= low && byte <= high; }
};

// The length of the sequence that `first` begins, 0 if none does.
std::size_t sequence_length(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return 2;
  if (first >= 0xE0 && first <= 0xEF) return 3;
  if (first >= 0xF0 && first <= 0xF4) return 4;
  return 0;
}

// The second byte carries what rules out overlong forms, surrogates and too high code points
// (Unicode, table 3-7).
Range second_byte(unsigned char first) {
  switch (first) {
    case 0xE0:
      return {0xA0, 0xBF};
    case 0xED:
      return {0x80, 0x9F};
    case 0xF0:
      return {0x90, 0xBF};
    case 0xF4:
      return {0x80, 0x8F};
    default:
      return {0x80, 0xBF};
  }
}

}  // namespace

bool is_utf8(std::string_view text) {
  std::size_t position = 0;
  while (position < text.size()) {
    const unsigned char first = byte_at(text, position);
    const std::size_t length = sequence_length(first);
    if (length == 0 || length > text.size() - position) return false;
    if (length > 1 && !second_byte(first).contains(byte_at(text, position + 1))) return false;
    for (std::size_t i = 2; i < length; ++i) {
      if (!Range{0x80, 0xBF}.contains(byte_at(text, position + i))) return false;
    }
    position += length;
  }
  return true;
}

bool has_control_character(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const unsigned char byte = byte_at(text, i);
    if (byte < 0x20 || byte == 0x7F) return true;
    if (byte == 0xC2 && byte_at(text, i + 1) < 0xA0) return true;  // U+0080 to U+009F
  }
  return false;
}

}  // namespace outbox::text
