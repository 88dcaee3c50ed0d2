// Amounts of money as whole minor units (cents), exactly.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace outbox::money {

// How many digits the currency's minor unit has (ISO 4217): EUR 2, JPY 0, BHD 3. Nothing unless
// the code is three upper-case ASCII letters; a code that the table does not know has 2.
[[nodiscard]] std::optional<int> currency_exponent(std::string_view code);

// "12.50" with exponent 2 is 1250. Only digits with at most one point between them; no sign, no
// exponent, at most `exponent` digits after the point. Nothing for anything else, or when the
// amount exceeds 2^63 - 1. `exponent`: 0 to 4.
[[nodiscard]] std::optional<std::int64_t> parse_minor(std::string_view text, int exponent);

// 1250 with exponent 2 is "12.50", -5 is "-0.05".
[[nodiscard]] std::string format_minor(std::int64_t minor, int exponent);

// Nothing on overflow.
[[nodiscard]] std::optional<std::int64_t> add(std::int64_t a, std::int64_t b);
[[nodiscard]] std::optional<std::int64_t> multiply(std::int64_t a, std::int64_t b);

}  // namespace outbox::money
