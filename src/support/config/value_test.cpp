#include "support/config/value.hpp"

#include <gtest/gtest.h>

namespace outbox::config {
namespace {

using std::chrono::milliseconds;

TEST(Durations, ReadsEveryUnit) {
  EXPECT_EQ(parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(parse_duration("5s"), milliseconds(5'000));
  EXPECT_EQ(parse_duration("2m"), milliseconds(120'000));
  EXPECT_EQ(parse_duration("1h"), milliseconds(3'600'000));
  EXPECT_EQ(parse_duration("7d"), milliseconds(604'800'000));
  EXPECT_EQ(parse_duration("0"), milliseconds(0));
}

TEST(Durations, RefusesWhatIsNotAWholeNumberWithAUnit) {
  for (const auto* text :
       {"", "5", "s", "5 s", "1.5s", "-1s", "5sec", "+5s", "1h30m", "9223372036854775807d"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Durations, FormatIsReadBack) {
  for (const auto ms : {0, 1, 999, 1'000, 90'000, 120'000, 86'400'000}) {
    EXPECT_EQ(parse_duration(format_duration(milliseconds(ms))), milliseconds(ms)) << ms;
  }
  EXPECT_EQ(format_duration(milliseconds(90'000)), "90s");
}

TEST(Integers, RefusesWhatSurroundsTheNumber) {
  EXPECT_EQ(parse_integer("-42"), -42);
  for (const auto* text : {"", " 1", "1 ", "1.0", "0x10", "9223372036854775808"}) {
    EXPECT_EQ(parse_integer(text), std::nullopt) << text;
  }
}

TEST(Quote, EscapesWhatTomlDoesNotTake) {
  EXPECT_EQ(quote("a\"b\\c\nd"), R"("a\"b\\c\u000ad")");
}

}  // namespace
}  // namespace outbox::config
