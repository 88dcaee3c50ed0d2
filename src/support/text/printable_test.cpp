#include "support/text/printable.hpp"

#include <string>

#include <gtest/gtest.h>

namespace outbox::text {
namespace {

using namespace std::string_literals;

TEST(Printable, ShowsWhatCouldSteerATerminal) {
  EXPECT_EQ(printable("order-1 ü 😀"), "order-1 ü 😀");
  EXPECT_EQ(printable("a\x1b[2Jb"), "a\\x1b[2Jb");
  EXPECT_EQ(printable("line\nbreak\0"s), "line\\x0abreak\\x00");
  EXPECT_EQ(printable("\xC2\x9B"), "\\xc2\\x9b");
  EXPECT_EQ(printable("a\xFFz\xC3"), "a\\xffz\\xc3");
  EXPECT_EQ(printable(""), "");
}

}  // namespace
}  // namespace outbox::text
