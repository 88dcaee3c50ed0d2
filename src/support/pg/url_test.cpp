#include "support/pg/url.hpp"

#include <gtest/gtest.h>

namespace outbox::pg {
namespace {

TEST(CheckUrl, AcceptsBothForms) {
  EXPECT_TRUE(check_url("postgresql://app:s3cret@db:5432/orders?sslmode=require"));
  EXPECT_TRUE(check_url("postgres://app@[::1]/orders"));
  EXPECT_TRUE(check_url("postgresql://a:1@h1:5432,h2:5433/orders"));
  EXPECT_TRUE(check_url("postgresql://app:p%40ss%2Fw@db/orders"));
  EXPECT_TRUE(check_url("postgresql://app:p#ss?w@db/orders"));  // libpq takes these as they are
  EXPECT_TRUE(check_url("host=db port=5432 user=app password='p@ss' dbname=orders"));
}

class MalformedUrl : public testing::TestWithParam<const char*> {};

TEST_P(MalformedUrl, IsRefusedWithoutQuotingThePassword) {
  const auto checked = check_url(GetParam());
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(checked.error().message.find("s3cret"), std::string::npos) << checked.error().message;
  EXPECT_NE(checked.error().message.find("percent-encoded"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Urls, MalformedUrl,
    testing::Values("", "s3cret", "postgresql://app:s3cret", "postgresql://app:s3cret/x@db/orders",
                    "postgresql://app:x@s3cret@db/orders", "postgresql://app:12/s3cret@db/orders",
                    "postgresql://app:100%s3cret@db/orders", "postgresql://app:s3cret@[::1/orders",
                    "host=db password=two s3cret", "host=db s3cret=1",
                    "http://app:s3cret@db/orders"));

}  // namespace
}  // namespace outbox::pg
