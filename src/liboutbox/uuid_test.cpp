#include "outbox/uuid.hpp"

#include <chrono>
#include <set>

#include <gtest/gtest.h>

namespace outbox {
namespace {

std::int64_t millis_of(const Uuid& uuid) {
  std::int64_t millis = 0;
  for (std::size_t i = 0; i < 6; ++i)
    millis = (millis << 8) | uuid.bytes[i];
  return millis;
}

std::int64_t now_millis() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

TEST(Uuid, V7CarriesTheTimeVersionAndVariant) {
  const std::int64_t before = now_millis();
  const Uuid uuid = Uuid::v7();
  const std::int64_t after = now_millis();
  EXPECT_GE(millis_of(uuid), before);
  EXPECT_LE(millis_of(uuid), after);
  EXPECT_EQ(uuid.bytes[6] >> 4, 7);
  EXPECT_EQ(uuid.bytes[8] >> 6, 0b10);
}

TEST(Uuid, V7NeverRepeats) {
  std::set<Uuid> seen;
  for (int i = 0; i < 10'000; ++i)
    EXPECT_TRUE(seen.insert(Uuid::v7()).second);
}

TEST(Uuid, TextFormComesBack) {
  const auto uuid = Uuid::parse("0192F0A1-b2c3-7d4e-8f50-617283940a5b");
  ASSERT_TRUE(uuid);
  EXPECT_EQ(uuid->bytes[0], 0x01);
  EXPECT_EQ(uuid->bytes[15], 0x5b);
  EXPECT_EQ(uuid->to_string(), "0192f0a1-b2c3-7d4e-8f50-617283940a5b");
  const Uuid made = Uuid::v7();
  EXPECT_EQ(Uuid::parse(made.to_string()), made);
}

TEST(Uuid, RefusesEveryOtherText) {
  for (const char* text :
       {"", "0192f0a1-b2c3-7d4e-8f50-617283940a5", "0192f0a1-b2c3-7d4e-8f50-617283940a5bb",
        "0192f0a1b2c37d4e8f50617283940a5b", "0192f0a1-b2c3-7d4e-8f50-617283940a5g",
        "0192f0a1-b2c3-7d4e-8f5-0617283940a5b", "{192f0a1-b2c3-7d4e-8f50-617283940a5}",
        "0192f0a1-b2c3-7d4e-8f50-61728394 a5b"}) {
    EXPECT_FALSE(Uuid::parse(text)) << text;
  }
}

TEST(Uuid, SortsAsItsBytes) {
  EXPECT_LT(*Uuid::parse("00000000-0000-7000-8000-0000000000ff"),
            *Uuid::parse("00000001-0000-7000-8000-000000000000"));
}

}  // namespace
}  // namespace outbox
