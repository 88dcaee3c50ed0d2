#include "support/money/money.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace outbox::money {
namespace {

constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
constexpr auto kMin = std::numeric_limits<std::int64_t>::min();

TEST(Money, KnowsTheMinorUnitsOfCurrencies) {
  EXPECT_EQ(currency_exponent("EUR"), 2);
  EXPECT_EQ(currency_exponent("JPY"), 0);
  EXPECT_EQ(currency_exponent("BHD"), 3);
  EXPECT_EQ(currency_exponent("CLF"), 4);
  EXPECT_EQ(currency_exponent("ZZZ"), 2);
  for (const auto* code : {"", "EU", "EURO", "eur", "E1R", "\xc3\x84R"}) {
    EXPECT_EQ(currency_exponent(code), std::nullopt) << code;
  }
}

TEST(Money, ReadsDecimalTextExactly) {
  EXPECT_EQ(parse_minor("12.50", 2), 1250);
  EXPECT_EQ(parse_minor("12.5", 2), 1250);
  EXPECT_EQ(parse_minor("12", 2), 1200);
  EXPECT_EQ(parse_minor("0.07", 2), 7);
  EXPECT_EQ(parse_minor("007", 0), 7);
  EXPECT_EQ(parse_minor("1.234", 3), 1234);
  EXPECT_EQ(parse_minor("92233720368547758.07", 2), kMax);
}

TEST(Money, RefusesWhatIsNoExactAmount) {
  for (const auto* text :
       {"", ".", "1.", ".5", "-1", "+1", "1e2", " 1", "1 ", "1.2.3", "1,5", "0x10", "NaN", "12.505",
        "92233720368547758.08", "99999999999999999999999999"}) {
    EXPECT_EQ(parse_minor(text, 2), std::nullopt) << text;
  }
  EXPECT_EQ(parse_minor("1.0", 0), std::nullopt);
}

TEST(Money, WritesWhatItReads) {
  EXPECT_EQ(format_minor(1250, 2), "12.50");
  EXPECT_EQ(format_minor(7, 2), "0.07");
  EXPECT_EQ(format_minor(0, 3), "0.000");
  EXPECT_EQ(format_minor(500, 0), "500");
  EXPECT_EQ(format_minor(-5, 2), "-0.05");
  EXPECT_EQ(format_minor(kMax, 2), "92233720368547758.07");
  EXPECT_EQ(format_minor(kMin, 2), "-92233720368547758.08");
}

TEST(Money, SaysWhenASumOrProductOverflows) {
  EXPECT_EQ(add(kMax - 1, 1), kMax);
  EXPECT_EQ(add(kMax, 1), std::nullopt);
  EXPECT_EQ(multiply(kMax / 2, 2), kMax - 1);
  EXPECT_EQ(multiply(kMax, 2), std::nullopt);
}

}  // namespace
}  // namespace outbox::money
