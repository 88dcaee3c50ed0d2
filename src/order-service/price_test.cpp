#include "order-service/price.hpp"

#include <gtest/gtest.h>

namespace outbox::orders {
namespace {

std::string shown(const PriceOrProblem& price) {
  if (const auto* minor = std::get_if<std::int64_t>(&price)) return std::to_string(*minor);
  return std::get<std::string>(price);
}

TEST(Price, KnowsTheCurrenciesOfIso4217) {
  for (const std::string_view code : {"EUR", "USD", "JPY", "BHD", "CLF", "AED", "ZWG"}) {
    EXPECT_TRUE(is_currency(code)) << code;
  }
  for (const std::string_view code : {"", "eur", "EU", "EURO", "XXX", "ABC", "BTC"}) {
    EXPECT_FALSE(is_currency(code)) << code;
  }
}

TEST(Price, ReadsDecimalStringsInTheCurrencysMinorUnit) {
  EXPECT_EQ(shown(price_of_decimal("12.50", "EUR")), "1250");
  EXPECT_EQ(shown(price_of_decimal("12.5", "EUR")), "1250");
  EXPECT_EQ(shown(price_of_decimal("12", "EUR")), "1200");
  EXPECT_EQ(shown(price_of_decimal("12", "JPY")), "12");
  EXPECT_EQ(shown(price_of_decimal("1.234", "BHD")), "1234");
  EXPECT_EQ(shown(price_of_decimal("0.00", "EUR")), "0");
  EXPECT_EQ(shown(price_of_decimal("92233720368547758.07", "EUR")), "9223372036854775807");
}

TEST(Price, RefusesOtherDecimalStrings) {
  for (const std::string_view text :
       {"", "-1", "+1", "1.", ".5", "1,5", "1e3", " 1", "1 ", "0x1", "1.2.3", "NaN", "１"}) {
    EXPECT_NE(shown(price_of_decimal(text, "EUR")).find("decimal number"), std::string::npos)
        << text;
  }
  EXPECT_NE(shown(price_of_decimal("1.234", "EUR")).find("more decimal places"), std::string::npos);
  EXPECT_NE(shown(price_of_decimal("1.0", "JPY")).find("more decimal places"), std::string::npos);
  EXPECT_EQ(shown(price_of_decimal("92233720368547758.08", "EUR")), "is too large");
}

TEST(Price, ReadsIntegersAsMinorUnits) {
  EXPECT_EQ(shown(price_of_minor_units("1250")), "1250");
  EXPECT_EQ(shown(price_of_minor_units("9223372036854775807")), "9223372036854775807");
  EXPECT_EQ(shown(price_of_minor_units("9223372036854775808")), "is too large");
  EXPECT_EQ(shown(price_of_minor_units("-1")), "must not be negative");
}

TEST(Price, ReadsTheDigitsOfANumberExactly) {
  EXPECT_EQ(shown(price_of_number("12.5", "EUR")), "1250");
  EXPECT_EQ(shown(price_of_number("0.1", "EUR")), "10");
  EXPECT_EQ(shown(price_of_number("0.29", "EUR")), "29");  // 28.999… as a double times 100
  EXPECT_EQ(shown(price_of_number("12.500000", "EUR")), "1250");
  EXPECT_EQ(shown(price_of_number("1.25e1", "EUR")), "1250");
  EXPECT_EQ(shown(price_of_number("1250E-2", "EUR")), "1250");
  EXPECT_EQ(shown(price_of_number("1e+3", "EUR")), "100000");
  EXPECT_EQ(shown(price_of_number("5e-2", "EUR")), "5");
  EXPECT_EQ(shown(price_of_number("0", "EUR")), "0");
  EXPECT_EQ(shown(price_of_number("5.0", "JPY")), "5");
  EXPECT_EQ(shown(price_of_number("90071992547409.93", "EUR")), "9007199254740993");  // 2^53 + 1
}

TEST(Price, RoundsNothing) {
  for (const std::string_view digits : {"0.125", "19.990000000000002", "5e-3", "1e-64"}) {
    EXPECT_NE(shown(price_of_number(digits, "EUR")).find("more decimal places"), std::string::npos)
        << digits;
  }
  EXPECT_EQ(shown(price_of_number("-0.5", "EUR")), "must not be negative");
  EXPECT_EQ(shown(price_of_number("1e64", "EUR")), "is too large");
  EXPECT_EQ(shown(price_of_number("1e65", "EUR")), "is out of range");
  EXPECT_EQ(shown(price_of_number("1e99999999999", "EUR")), "is out of range");
}

}  // namespace
}  // namespace outbox::orders
