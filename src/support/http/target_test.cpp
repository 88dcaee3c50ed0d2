#include "support/http/target.hpp"

#include <gtest/gtest.h>

namespace outbox::http {
namespace {

TEST(Target, SplitsPathAndQuery) {
  const auto target = parse_target("/v1/orders?cursor=a%2Bb+c&limit=10&flag&x=");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->path, "/v1/orders");
  const NamedValues expected{{"cursor", "a+b c"}, {"limit", "10"}, {"flag", ""}, {"x", ""}};
  EXPECT_EQ(target->query, expected);
}

TEST(Target, TakesTheAbsoluteForm) {
  EXPECT_EQ(parse_target("http://host:1/a?b=1")->path, "/a");
  EXPECT_EQ(parse_target("http://host")->path, "/");
  EXPECT_EQ(parse_target("http://host?b=1")->query.size(), 1U);
}

TEST(Target, RefusesOtherFormsAndBrokenQueries) {
  for (const std::string_view text :
       {"*", "host:1", "a/b", "/a?x=%", "/a?x=%f", "/a?x=%00", "/a?x=%ff", "/a?%c0%80=1"}) {
    EXPECT_FALSE(parse_target(text).ok()) << text;
  }
}

}  // namespace
}  // namespace outbox::http
