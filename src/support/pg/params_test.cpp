#include "support/pg/params.hpp"

#include <gtest/gtest.h>

namespace outbox::pg {
namespace {

using namespace std::string_literals;

TEST(Array, WithoutElementsHasNoDimension) {
  EXPECT_EQ(Array{Type::int8}.encoded(), "\0\0\0\0\0\0\0\0\0\0\0\x14"s);
}

TEST(Array, EncodesNumbersBigEndian) {
  Array array{Type::int4};
  array.int4(1);
  array.int4(-2);
  EXPECT_EQ(array.encoded(),
            "\0\0\0\1\0\0\0\0\0\0\0\x17\0\0\0\2\0\0\0\1"
            "\0\0\0\4\0\0\0\1"
            "\0\0\0\4\xFF\xFF\xFF\xFE"s);
}

TEST(Array, MarksNulls) {
  Array array{Type::text};
  array.bytes("a");
  array.null();
  EXPECT_EQ(array.encoded(),
            "\0\0\0\1\0\0\0\1\0\0\0\x19\0\0\0\2\0\0\0\1"
            "\0\0\0\1"
            "a"
            "\xFF\xFF\xFF\xFF"s);
}

TEST(Array, IsAsNewAfterClear) {
  Array array{Type::int2};
  array.null();
  array.int2(7);
  array.clear();
  array.int2(7);
  Array fresh{Type::int2};
  fresh.int2(7);
  EXPECT_EQ(array.encoded(), fresh.encoded());
  EXPECT_EQ(array.size(), 1U);
}

TEST(Params, RefusesTextThatLibpqWouldCutOff) {
  Params params;
  params.text("whole").text("a\0b"s);
  const auto arguments = params.arguments();
  ASSERT_FALSE(arguments);
  EXPECT_EQ(arguments.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(arguments.error().message.find("$2"), std::string::npos);
}

TEST(Params, TellsNullFromEmpty) {
  Params params;
  params.text(std::nullopt).text("").bytea("");
  const auto arguments = params.arguments();
  ASSERT_TRUE(arguments);
  EXPECT_EQ((*arguments)->values[0], nullptr);
  ASSERT_NE((*arguments)->values[1], nullptr);
  EXPECT_EQ((*arguments)->lengths[1], 0);
  EXPECT_NE((*arguments)->values[2], nullptr);
}

TEST(Params, IsAsNewAfterClear) {
  Params params;
  params.text("a\0b"s);
  params.clear();
  params.int8(5);
  const auto arguments = params.arguments();
  ASSERT_TRUE(arguments);
  EXPECT_EQ(params.size(), 1);
  EXPECT_EQ((*arguments)->types[0], 20U);
  EXPECT_EQ(std::string((*arguments)->values[0], 8), "\0\0\0\0\0\0\0\5"s);
}

}  // namespace
}  // namespace outbox::pg
