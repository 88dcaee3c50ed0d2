// Currencies and prices as clients write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace outbox::orders {

// A code of ISO 4217 that money is paid in today.
[[nodiscard]] bool is_currency(std::string_view code);

// Minor units, or what is wrong with the text, for a person.
using PriceOrProblem = std::variant<std::int64_t, std::string>;

// "12.50", "12": no sign, no exponent, not more digits than the currency's minor unit has.
[[nodiscard]] PriceOrProblem price_of_decimal(std::string_view text, std::string_view currency);

// The digits of a JSON integer, taken as minor units.
[[nodiscard]] PriceOrProblem price_of_minor_units(std::string_view digits);

// The digits of a JSON number, taken as major units: 12.5, 1.25e1 and 12.500 are all 12.50.
// Nothing is rounded: 0.125 EUR is refused.
[[nodiscard]] PriceOrProblem price_of_number(std::string_view digits, std::string_view currency);

}  // namespace outbox::orders
