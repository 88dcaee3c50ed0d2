#include "outboxctl/text_table.hpp"

#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace outbox::ctl {
namespace {

using namespace std::string_literals;

TEST(TextTable, AlignsColumnsByCharacters) {
  TextTable table{{"KEY", "N"}};
  table.add({"grüße", "1"});
  table.add({"a", "22"});
  std::ostringstream out;
  table.print(out);
  EXPECT_EQ(out.str(),
            "KEY    N\n"
            "grüße  1\n"
            "a      22\n");
}

}  // namespace
}  // namespace outbox::ctl
