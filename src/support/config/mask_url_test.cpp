#include "support/config/mask_url.hpp"

#include <gtest/gtest.h>

namespace outbox::config {
namespace {

TEST(MaskUrl, HidesThePasswordAndKeepsTheRest) {
  EXPECT_EQ(mask_url("postgresql://app:s3cret@db:5432/shop?sslmode=require"),
            "postgresql://app:***@db:5432/shop?sslmode=require");
  EXPECT_EQ(mask_url("postgresql://app@db/shop"), "postgresql://app@db/shop");
  EXPECT_EQ(mask_url("mongodb://127.0.0.1:27017"), "mongodb://127.0.0.1:27017");
}

TEST(MaskUrl, HidesAUserWhoIsAKey) {
  EXPECT_EQ(mask_url("https://s3cret@example.com/hooks"), "https://***@example.com/hooks");
}

TEST(IsUrl, ASchemeAloneMakesOne) {
  EXPECT_TRUE(is_url("mongodb+srv://db"));
  EXPECT_FALSE(is_url("authorization=Bearer s3cret,from=https://a.example"));
  EXPECT_FALSE(is_url("://a"));
  EXPECT_FALSE(is_url("https"));
}

TEST(MaskUrl, HidesPasswordsInTheQuery) {
  EXPECT_EQ(mask_url("postgresql://db/shop?user=app&password=s3cret&sslmode=off"),
            "postgresql://db/shop?user=app&password=***&sslmode=off");
}

TEST(MaskUrl, HidesParametersThatItDoesNotKnow) {
  EXPECT_EQ(mask_url("mongodb://db/?authMechanism=MONGODB-AWS&authMechanismProperties="
                     "AWS_SESSION_TOKEN:s3cret&replicaSet=rs0"),
            "mongodb://db/?authMechanism=MONGODB-AWS&authMechanismProperties=***&replicaSet=rs0");
  EXPECT_EQ(mask_url("postgresql://db/shop?pass%77ord=s3cret"),
            "postgresql://db/shop?pass%77ord=***");
  EXPECT_EQ(mask_url("mongodb://db/?w=1;password=s3cret"), "mongodb://db/?w=1;password=***");
  EXPECT_EQ(mask_url("mongodb://db/?s3cret&tls=true"), "mongodb://db/?***&tls=true");
}

TEST(MaskUrl, HidesPasswordsThatBreakTheRules) {
  for (const auto* url : {"pg://a:s3c@ret@db/x", "pg://a:s3c/ret@db/x", "pg://a:s3c?ret@db/x",
                          "pg://a:s3c:ret@db/x", "host=db password=s3cret"}) {
    const auto masked = mask_url(url);
    EXPECT_EQ(masked.find("s3c"), std::string::npos) << masked;
    EXPECT_EQ(masked.find("ret"), std::string::npos) << masked;
  }
}

TEST(NamesASecret, KnowsLibrdkafkasCredentials) {
  for (const auto* name :
       {"sasl.password", "ssl.key.password", "ssl.key.pem", "sasl.oauthbearer.client.secret",
        "sasl.oauthbearer.config", "SSL.KEYSTORE.PASSWORD"}) {
    EXPECT_TRUE(names_a_secret(name)) << name;
  }
  EXPECT_FALSE(names_a_secret("security.protocol"));
  EXPECT_FALSE(names_a_secret("sasl.username"));
}

}  // namespace
}  // namespace outbox::config
