#include "support/text/utf8.hpp"

#include <string>

#include <gtest/gtest.h>

namespace outbox::text {
namespace {

using namespace std::string_literals;

TEST(Utf8, AcceptsEveryLengthUpToItsLimits) {
  for (const std::string& text :
       {""s, "\0"s, "\x7F"s, "\xC2\x80"s, "\xDF\xBF"s, "\xE0\xA0\x80"s, "\xED\x9F\xBF"s,
        "\xEE\x80\x80"s, "\xEF\xBF\xBF"s, "\xF0\x90\x80\x80"s, "\xF4\x8F\xBF\xBF"s, "grüße 😀"s}) {
    EXPECT_TRUE(is_utf8(text)) << testing::PrintToString(text);
  }
}

TEST(Utf8, RefusesWhatIsNotWellFormed) {
  for (const std::string& text :
       {"\x80"s, "\xBF"s, "\xC0\x80"s, "\xC1\xBF"s, "\xC2"s, "\xC2\x41"s, "\xE0\x9F\xBF"s,
        "\xED\xA0\x80"s, "\xE2\x82"s, "\xE2\x82\x41"s, "\xF0\x8F\xBF\xBF"s, "\xF4\x90\x80\x80"s,
        "\xF5\x80\x80\x80"s, "\xF0\x9F\x98"s, "\xF0\x9F\x98\x41"s, "\xFF"s, "ok\xFF"s}) {
    EXPECT_FALSE(is_utf8(text)) << testing::PrintToString(text);
  }
}

TEST(Utf8, FindsControlCharacters) {
  for (const std::string& text :
       {"a\0b"s, "\n"s, "\t"s, "\x1F"s, "\x7F"s, "x\xC2\x80"s, "\xC2\x9F"s}) {
    EXPECT_TRUE(has_control_character(text)) << testing::PrintToString(text);
  }
  for (const std::string& text : {""s, " ~"s, "\xC2\xA0"s, "ü"s, "\xE2\x82\x80"s}) {
    EXPECT_FALSE(has_control_character(text)) << testing::PrintToString(text);
  }
}

}  // namespace
}  // namespace outbox::text
