// The text forms of the values that a setting can have.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace outbox::config {

// Decimal, optionally with a sign; nothing else around it.
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text);

// "true" or "false".
[[nodiscard]] std::optional<bool> parse_flag(std::string_view text);

// A whole number and a unit: "250ms", "5s", "2m", "1h", "7d"; "0" needs none.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// The shortest text that parse_duration reads back: "90s", "2m".
[[nodiscard]] std::string format_duration(std::chrono::milliseconds duration);

// A TOML basic string, quoted and escaped.
[[nodiscard]] std::string quote(std::string_view text);

}  // namespace outbox::config
