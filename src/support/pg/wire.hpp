// Numbers in PostgreSQL's binary form: big-endian.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>

namespace outbox::pg::wire {

// PostgreSQL counts microseconds from 2000-01-01; this is that moment in Unix time.
inline constexpr std::int64_t kPostgresEpochUs = 946'684'800'000'000;

// A timestamptz in its binary form as microseconds of Unix time. 'infinity' and what is so late
// that Unix time overflows become the largest number, '-infinity' becomes 0.
[[nodiscard]] constexpr std::int64_t to_unix_us(std::int64_t timestamptz) {
  if (timestamptz == std::numeric_limits<std::int64_t>::min()) return 0;
  if (timestamptz > std::numeric_limits<std::int64_t>::max() - kPostgresEpochUs) {
    return std::numeric_limits<std::int64_t>::max();
  }
  return timestamptz + kPostgresEpochUs;
}

template <class T>
void store(char* target, T value) {
  auto bits = static_cast<std::make_unsigned_t<T>>(value);
  for (std::size_t i = sizeof(T); i-- > 0;) {
    target[i] = static_cast<char>(static_cast<unsigned char>(bits & 0xFF));
    if constexpr (sizeof(T) > 1) bits = static_cast<std::make_unsigned_t<T>>(bits >> 8);
  }
}

template <class T>
void append(std::string& target, T value) {
  char bytes[sizeof(T)];
  store(bytes, value);
  target.append(bytes, sizeof(T));
}

template <class T>
T load(const char* source) {
  std::make_unsigned_t<T> bits = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    bits =
        static_cast<std::make_unsigned_t<T>>((bits << 8) | static_cast<unsigned char>(source[i]));
  }
  return static_cast<T>(bits);
}

}  // namespace outbox::pg::wire
