#include "support/webhook/signer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/webhook/base64.hpp"

namespace outbox::webhook {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// The example that the libraries of the Standard Webhooks specification publish.
constexpr std::string_view kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr std::string_view kId = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr std::int64_t kTimestamp = 1614265330;
constexpr std::string_view kBody = R"({"test": 2432232314})";
constexpr std::string_view kSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

TEST(Signer, MakesTheSpecificationsSignature) {
  const auto signer = Signer::make(kSecret);
  ASSERT_TRUE(signer.ok()) << signer.error().message;
  EXPECT_EQ(signer->sign(kId, kTimestamp, kBody), kSignature);
}

TEST(Signer, SeveralSecretsMakeSeveralSignatures) {
  const std::string other = "whsec_" + encode_base64("another secret of some length");
  const auto both = Signer::make("  " + other + "  " + std::string(kSecret) + " ");
  ASSERT_TRUE(both.ok()) << both.error().message;
  EXPECT_EQ(both->sign(kId, kTimestamp, kBody),
            Signer::make(other)->sign(kId, kTimestamp, kBody) + " " + std::string(kSignature));
}

TEST(Signer, NoSecretsMakeNoSignature) {
  const auto signer = Signer::make("");
  ASSERT_TRUE(signer.ok());
  EXPECT_TRUE(signer->empty());
  EXPECT_EQ(signer->sign(kId, kTimestamp, kBody), "");
}

TEST(Signer, RefusesMalformedSecretsWithoutQuotingThem) {
  const std::string short_key = "whsec_" + encode_base64("hunter2");
  const std::string long_key = "whsec_" + encode_base64(std::string(65, 'x'));
  for (const std::string& secret : {std::string("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
                                    std::string("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-w"),
                                    std::string("whsec_"), short_key, long_key}) {
    const auto made = Signer::make(std::string(kSecret) + " " + secret);
    ASSERT_FALSE(made.ok()) << secret;
    EXPECT_EQ(made.error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(made.error().message, AllOf(HasSubstr("secret number 2"), Not(HasSubstr("MfKQ"))));
  }
}

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
