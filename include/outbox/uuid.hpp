// The 16 bytes of a UUID and their text form (RFC 9562).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace outbox {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};  // network order

  friend auto operator<=>(const Uuid&, const Uuid&) = default;  // NOLINT(modernize-use-nullptr)

  // Version 7: 48 bits of Unix milliseconds, then random bits from the operating system, so that
  // ids made later sort later (to the millisecond). Thread-safe.
  [[nodiscard]] static Uuid v7();

  // 36 characters, hyphens at 8-13-18-23, either case. Anything else: nullopt.
  [[nodiscard]] static std::optional<Uuid> parse(std::string_view text);

  // 36 lower-case characters.
  [[nodiscard]] std::string to_string() const;
};

}  // namespace outbox
