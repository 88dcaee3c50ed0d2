#include "sources/postgres_wal/lsn.hpp"

#include <charconv>
#include <cstdio>

namespace outbox::postgres_wal {

std::string to_text(Lsn lsn) {
  char text[24];
  const int size = std::snprintf(text, sizeof text, "%X/%X", static_cast<unsigned>(lsn >> 32),
                                 static_cast<unsigned>(lsn & 0xFFFFFFFF));
  return {text, static_cast<std::size_t>(size)};
}

Result<Lsn> to_lsn(std::string_view text) {
  std::uint32_t high = 0;
  std::uint32_t low = 0;
  const char* const end = text.data() + text.size();
  const auto [slash, no_high] = std::from_chars(text.data(), end, high, 16);
  if (no_high == std::errc{} && slash != end && *slash == '/') {
    const auto [rest, no_low] = std::from_chars(slash + 1, end, low, 16);
    if (no_low == std::errc{} && rest == end) {
      return (Lsn{high} << 32) | low;
    }
  }
  return Error{ErrorCode::internal, "'" + std::string{text} + "' is no pg_lsn"};
}

}  // namespace outbox::postgres_wal
