#include "support/webhook/base64.hpp"

#include <string>

#include <gtest/gtest.h>

namespace outbox::webhook {
namespace {

TEST(Base64, KeepsEveryLength) {
  for (std::size_t size = 0; size < 10; ++size) {
    const auto bytes = std::string("\xff\x00\xfe\x01\x02zz\x00\x03", 9).substr(0, size);
    EXPECT_EQ(decode_base64(encode_base64(bytes)), bytes);
  }
  EXPECT_EQ(encode_base64("foob"), "Zm9vYg==");
}

TEST(Base64, RefusesWhatIsNotBase64) {
  for (const auto* text : {"a", "ab=", "ab c", "a===", "====", "=abc", "ab=c", "ab\ncd=", "ab_-"}) {
    EXPECT_EQ(decode_base64(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace outbox::webhook
