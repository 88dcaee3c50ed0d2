#include "support/webhook/signature.hpp"

#include <gtest/gtest.h>

namespace outbox::webhook {
namespace {

// As published with the specification.
constexpr std::string_view kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr std::string_view kId = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr std::int64_t kTimestamp = 1'614'265'330;
constexpr std::string_view kBody = R"({"test": 2432232314})";
constexpr std::string_view kSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

// 32 bytes of zeros.
constexpr std::string_view kOther = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

std::vector<std::string> secrets(std::string_view list) {
  auto decoded = decode_secrets(list);
  EXPECT_TRUE(decoded);
  return decoded ? *std::move(decoded) : std::vector<std::string>();
}

bool verified(std::string_view list, std::string_view header) {
  return verify(secrets(list), kId, kTimestamp, kBody, header);
}

TEST(Signature, IsThatOfThePublishedVector) {
  const auto secret = decode_secret(kSecret);
  ASSERT_TRUE(secret);
  EXPECT_EQ(sign(*secret, kId, kTimestamp, kBody), kSignature);
  EXPECT_TRUE(verified(kSecret, kSignature));
}

TEST(Signature, SeveralSecretsMakeSeveralSignatures) {
  const auto both = secrets("  " + std::string(kOther) + "  " + std::string(kSecret) + " ");
  EXPECT_EQ(sign_with_all(both, kId, kTimestamp, kBody),
            sign(both[0], kId, kTimestamp, kBody) + " " + std::string(kSignature));
  EXPECT_EQ(sign_with_all({}, kId, kTimestamp, kBody), "");
}

TEST(Signature, CoversTheIdTheTimestampAndTheBody) {
  const auto known = secrets(kSecret);
  EXPECT_FALSE(verify(known, "msg_other", kTimestamp, kBody, kSignature));
  EXPECT_FALSE(verify(known, kId, kTimestamp + 1, kBody, kSignature));
  EXPECT_FALSE(verify(known, kId, kTimestamp, R"({"test": 2432232315})", kSignature));
  EXPECT_FALSE(verified(kOther, kSignature));
}

TEST(Signature, OneOfSeveralIsEnoughOnEitherSide) {
  const std::string other = sign(*decode_secret(kOther), kId, kTimestamp, kBody);
  EXPECT_TRUE(verified(kSecret, other + " " + std::string(kSignature)));
  EXPECT_TRUE(verified(std::string(kOther) + " " + std::string(kSecret), kSignature));
  EXPECT_FALSE(verified(kSecret, other + " " + other));
}

TEST(Signature, WhatIsNoneVerifiesNothing) {
  const std::string text(kSignature);
  for (const std::string& header :
       {std::string(), std::string(" "), std::string("v1,"), std::string("v1"), text.substr(3),
        "v1a," + text.substr(3), text.substr(0, text.size() - 1), text + "=", text + "," + text}) {
    EXPECT_FALSE(verified(kSecret, header)) << header;
  }
  EXPECT_FALSE(verify({}, kId, kTimestamp, kBody, kSignature));
}

TEST(Secrets, AreBase64Of24To64Bytes) {
  const auto of_zeros = [](std::size_t quadruples) {
    return "whsec_" + std::string(4 * quadruples, 'A');
  };
  EXPECT_EQ(decode_secret(of_zeros(8))->size(), 24U);
  EXPECT_EQ(decode_secret(of_zeros(21) + "AA==")->size(), 64U);
  EXPECT_EQ(decode_secret(kOther)->size(), 32U);
  EXPECT_FALSE(decode_secret(of_zeros(7) + "AAA="));
  EXPECT_FALSE(decode_secret(of_zeros(22)));
  for (const std::string& wrong :
       {std::string(), std::string("whsec_"), std::string(kSecret.substr(6)),
        std::string(kSecret) + "=", std::string(kSecret) + " ", std::string(kSecret) + "AAA",
        "whsec_ " + std::string(kSecret.substr(6)), "whsec_" + std::string(31, 'A') + "*",
        "whsec_" + std::string(40, 'A') + "AB==", std::string("whsec_====")}) {
    EXPECT_FALSE(decode_secret(wrong)) << wrong;
  }
}

TEST(Secrets, AMalformedOneIsNamedByItsNumberAndNotShown) {
  const auto decoded = decode_secrets(std::string(kSecret) + "  whsec_hunter2 ");
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(decoded.error().message.find("number 2"), std::string::npos);
  EXPECT_EQ(decoded.error().message.find("hunter2"), std::string::npos);
  EXPECT_EQ(secrets("").size(), 0U);
  EXPECT_EQ(secrets("  " + std::string(kSecret) + "  " + std::string(kOther) + " ").size(), 2U);
}

}  // namespace
}  // namespace outbox::webhook
