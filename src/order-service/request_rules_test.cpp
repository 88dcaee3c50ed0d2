#include "order-service/request_rules.hpp"

#include <gtest/gtest.h>

namespace outbox::orders {
namespace {

TEST(Cursor, ComesBackAsItWasMade) {
  for (int i = 0; i < 100; ++i) {
    const Uuid id = Uuid::v7();
    const std::string cursor = encode_cursor(id);
    EXPECT_EQ(cursor.find_first_of("+/="), std::string::npos);
    EXPECT_EQ(decode_cursor(cursor), id);
  }
}

TEST(Cursor, RefusesWhatItDidNotMake) {
  const std::string cursor = encode_cursor(Uuid::v7());
  for (const std::string& text :
       {std::string(), cursor + "A", cursor.substr(1), cursor.substr(1) + "!",
        std::string(21, 'A') + "B" /* bits beyond the 16 bytes */}) {
    EXPECT_FALSE(decode_cursor(text)) << text;
  }
}

TEST(PageSize, IsFrom1To100) {
  EXPECT_EQ(parse_page_size("1"), 1);
  EXPECT_EQ(parse_page_size("100"), 100);
  for (const std::string_view text : {"0", "101", "-1", "", "1x", " 1", "1.0", "99999999999"}) {
    EXPECT_FALSE(parse_page_size(text)) << text;
  }
}

TEST(IdempotencyKey, HasVisibleAsciiOnly) {
  EXPECT_TRUE(is_idempotency_key("8e03978e-40d5-43dd-bc93-6894a57f9324"));
  EXPECT_TRUE(is_idempotency_key("\"quoted\""));
  EXPECT_TRUE(is_idempotency_key(std::string(255, 'k')));
  for (const std::string& key : {std::string(), std::string(256, 'k'), std::string("a b"),
                                 std::string("\x7F"), std::string("é"), std::string("a\0b", 3)}) {
    EXPECT_FALSE(is_idempotency_key(key)) << key;
  }
}

TEST(RequestHash, DependsOnPathAndBody) {
  EXPECT_EQ(request_hash("/a", "b"), request_hash("/a", "b"));
  EXPECT_EQ(request_hash("/a", "b").size(), 32U);
  EXPECT_NE(request_hash("/a", "b"), request_hash("/a", "c"));
  EXPECT_NE(request_hash("/a", "b"), request_hash("/ab", ""));
}

TEST(LockNumber, DependsOnTheKey) {
  EXPECT_EQ(lock_number("a"), lock_number("a"));
  EXPECT_NE(lock_number("a"), lock_number("b"));
}

}  // namespace
}  // namespace outbox::orders
