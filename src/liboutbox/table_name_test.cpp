#include "liboutbox/table_name.hpp"

#include <string>

#include <gtest/gtest.h>

namespace outbox {
namespace {

TEST(TableName, QuotesBothParts) {
  EXPECT_EQ(TableName::parse("outbox")->quoted(), "\"outbox\"");
  EXPECT_EQ(TableName::parse("My-App.Outbox_2")->quoted(), "\"My-App\".\"Outbox_2\"");
  EXPECT_TRUE(TableName::parse(std::string(40, 'x')));
}

TEST(TableName, RefusesWhatWouldNeedEscaping) {
  for (const std::string& text :
       {std::string{}, std::string{"."}, std::string{".outbox"}, std::string{"billing."},
        std::string{"a.b.c"}, std::string{"out box"}, std::string{"o'x"}, std::string{"o\"x"},
        std::string{"$o"}, std::string{"größe"}, std::string(1, '\0'), std::string(41, 'x')}) {
    const auto name = TableName::parse(text);
    ASSERT_FALSE(name) << testing::PrintToString(text);
    EXPECT_EQ(name.error().code, ErrorCode::invalid_argument);
  }
}

}  // namespace
}  // namespace outbox
