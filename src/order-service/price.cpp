#include "order-service/price.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>

#include "support/money/money.hpp"

namespace outbox::orders {
namespace {

constexpr auto kCurrencies = std::to_array<std::string_view>(
    {"AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT",
     "BGN", "BHD", "BIF", "BMD", "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD",
     "CDF", "CHF", "CLF", "CLP", "CNY", "COP", "CRC", "CUP", "CVE", "CZK", "DJF", "DKK", "DOP",
     "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GNF",
     "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IQD", "IRR", "ISK", "JMD",
     "JOD", "JPY", "KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP",
     "LKR", "LRD", "LSL", "LYD", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR",
     "MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB",
     "PEN", "PGK", "PHP", "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD",
     "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL",
     "THB", "TJS", "TMT", "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU",
     "UYW", "UZS", "VED", "VES", "VND", "VUV", "WST", "XAF", "XCD", "XCG", "XOF", "XPF", "YER",
     "ZAR", "ZMW", "ZWG"});
static_assert(std::is_sorted(kCurrencies.begin(), kCurrencies.end()));

constexpr int kMaxShift = 64;  // of a JSON number's point by its exponent; no price needs more

bool is_decimal(std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  const auto digits = [](std::string_view part) {
    return !part.empty() &&
           std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  return digits(text.substr(0, point)) && (point == text.size() || digits(text.substr(point + 1)));
}

PriceOrProblem too_fine(std::string_view currency, int exponent) {
  return "has more decimal places than " + std::string(currency) + " has (" +
         std::to_string(exponent) + ")";
}

// A JSON number without its exponent: "1.25e1" is "12.5". Nothing when the exponent is absurd.
std::optional<std::string> plain_decimal(std::string_view digits) {
  const std::size_t e = digits.find_first_of("eE");
  int shift = 0;
  if (e != std::string_view::npos) {
    std::string_view exponent = digits.substr(e + 1);
    if (exponent.starts_with('+')) exponent.remove_prefix(1);
    const auto end = exponent.data() + exponent.size();
    const auto [read_to, error] = std::from_chars(exponent.data(), end, shift);
    if (error != std::errc{} || read_to != end || shift > kMaxShift || shift < -kMaxShift) {
      return std::nullopt;
    }
    digits = digits.substr(0, e);
  }
  const std::size_t point = std::min(digits.find('.'), digits.size());
  std::string all(digits.substr(0, point));
  if (point < digits.size()) all += digits.substr(point + 1);
  auto place = static_cast<std::ptrdiff_t>(point) + shift;
  if (place < 1) {
    all.insert(0, static_cast<std::size_t>(1 - place), '0');
    place = 1;
  }
  const auto whole = static_cast<std::size_t>(place);
  if (whole > all.size()) all.append(whole - all.size(), '0');
  return all.substr(0, whole) + "." + all.substr(whole) + "0";
}

}  // namespace

bool is_currency(std::string_view code) {
  return std::binary_search(kCurrencies.begin(), kCurrencies.end(), code);
}

PriceOrProblem price_of_decimal(std::string_view text, std::string_view currency) {
  if (!is_decimal(text)) return "must be a decimal number such as \"12.50\", without a sign";
  const auto exponent = money::currency_exponent(currency);
  if (!exponent) return std::int64_t{0};  // the currency is at fault, and reported
  const std::size_t point = text.find('.');
  if (point != std::string_view::npos &&
      text.size() - point - 1 > static_cast<std::size_t>(*exponent)) {
    return too_fine(currency, *exponent);
  }
  const auto minor = money::parse_minor(text, *exponent);
  if (!minor) return "is too large";
  return *minor;
}

PriceOrProblem price_of_minor_units(std::string_view digits) {
  std::int64_t minor = 0;
  const auto end = digits.data() + digits.size();
  const auto [read_to, error] = std::from_chars(digits.data(), end, minor);
  if (digits.starts_with('-')) return "must not be negative";
  if (error != std::errc{} || read_to != end) return "is too large";
  return minor;
}

PriceOrProblem price_of_number(std::string_view digits, std::string_view currency) {
  if (digits.starts_with('-')) return "must not be negative";
  auto text = plain_decimal(digits);
  if (!text) return "is out of range";
  const auto exponent = static_cast<std::size_t>(money::currency_exponent(currency).value_or(2));
  // Zeros behind the last place say nothing.
  const std::size_t point = text->find('.');
  while (text->back() == '0' && text->size() - point - 1 > exponent)
    text->pop_back();
  if (text->back() == '.') text->pop_back();
  return price_of_decimal(*text, currency);
}

}  // namespace outbox::orders
