#include "support/money/money.hpp"

#include <algorithm>
#include <array>

namespace outbox::money {

namespace {

constexpr std::array<std::string_view, 17> kWithoutMinorUnit{
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG",
    "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"};
constexpr std::array<std::string_view, 7> kThreeDigits{"BHD", "IQD", "JOD", "KWD",
                                                       "LYD", "OMR", "TND"};
constexpr std::array<std::string_view, 2> kFourDigits{"CLF", "UYW"};

bool contains(const auto& codes, std::string_view code) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

std::optional<int> currency_exponent(std::string_view code) {
  const bool well_formed = code.size() == 3 && std::all_of(code.begin(), code.end(), [](char c) {
                             return c >= 'A' && c <= 'Z';
                           });
  if (!well_formed) return std::nullopt;
  if (contains(kWithoutMinorUnit, code)) return 0;
  if (contains(kThreeDigits, code)) return 3;
  if (contains(kFourDigits, code)) return 4;
  return 2;
}

std::optional<std::int64_t> parse_minor(std::string_view text, int exponent) {
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction =
      point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
  if (whole.empty() || (point != std::string_view::npos && fraction.empty())) return std::nullopt;
  if (fraction.size() > static_cast<std::size_t>(exponent)) return std::nullopt;

  std::string digits(whole);
  digits += fraction;
  if (!std::all_of(digits.begin(), digits.end(), is_digit)) return std::nullopt;
  digits.append(static_cast<std::size_t>(exponent) - fraction.size(), '0');

  std::int64_t minor = 0;
  for (const char digit : digits) {
    const auto shifted = multiply(minor, 10);
    const auto sum = shifted ? add(*shifted, digit - '0') : std::nullopt;
    if (!sum) return std::nullopt;
    minor = *sum;
  }
  return minor;
}

std::string format_minor(std::int64_t minor, int exponent) {
  const bool negative = minor < 0;
  // Unsigned, since -2^63 has no positive twin.
  std::string digits = std::to_string(negative ? 0 - static_cast<std::uint64_t>(minor)
                                               : static_cast<std::uint64_t>(minor));
  const auto decimals = static_cast<std::size_t>(exponent);
  if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
  if (decimals > 0) digits.insert(digits.size() - decimals, 1, '.');
  return negative ? "-" + digits : digits;
}

std::optional<std::int64_t> add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

std::optional<std::int64_t> multiply(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

}  // namespace outbox::money
