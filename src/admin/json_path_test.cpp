#include "admin/json_path.hpp"

#include <gtest/gtest.h>

namespace outbox::admin {
namespace {

using Kind = JsonStep::Kind;

TEST(JsonPath, ReadsMembersAndElements) {
  const auto path = parse_json_path("$.customer['a.b'][3].x[*].*[\"q\"]");
  ASSERT_TRUE(path);
  ASSERT_EQ(path->size(), 7U);
  const std::vector<std::pair<Kind, std::string>> expected{
      {Kind::member, "customer"}, {Kind::member, "a.b"}, {Kind::element, "3"}, {Kind::member, "x"},
      {Kind::every, ""},          {Kind::every, ""},     {Kind::member, "q"}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ((*path)[i].kind, expected[i].first) << i;
    EXPECT_EQ((*path)[i].name, expected[i].second) << i;
  }
}

TEST(JsonPath, RefusesWhatIsNoPath) {
  for (const char* text : {"", "$", "a", ".a", "$a", "$.", "$..a", "$[", "$[]", "$[-1]", "$[00]",
                           "$['a]", "$['a'", "$[a]", "$.a.", "$[1234567890]"})
    EXPECT_FALSE(parse_json_path(text)) << text;
  EXPECT_FALSE(parse_json_path("$." + std::string(600, 'a')));
  std::string deep = "$";
  for (int i = 0; i < 33; ++i)
    deep += "[0]";
  EXPECT_FALSE(parse_json_path(deep));
}

TEST(JsonPath, APlainStepNamesOnePlace) {
  for (const char* path : {"$.a", "$[0]", "$.0", "$[*]", "$.0a"})
    EXPECT_TRUE(is_plain(parse_json_path(path).value()[0])) << path;
  for (const char* path : {"$.00", "$.-1", "$['+1']", "$[' 1']"})
    EXPECT_FALSE(is_plain(parse_json_path(path).value()[0])) << path;
}

TEST(JsonPath, OverlapsWhereOneLeadsIntoTheOther) {
  const auto overlapping = [](const char* a, const char* b) {
    return overlap(parse_json_path(a).value(), parse_json_path(b).value());
  };
  EXPECT_TRUE(overlapping("$.a", "$.a"));
  EXPECT_TRUE(overlapping("$.a", "$.a.b"));
  EXPECT_TRUE(overlapping("$.a.b", "$.a"));
  EXPECT_TRUE(overlapping("$.items[*].price", "$.items[0].price"));
  EXPECT_TRUE(overlapping("$.items.0.price", "$.items[0]"));
  for (const char* spelling : {"$.items.00", "$.items['+0']", "$.items[' 0']", "$.items.-1"})
    EXPECT_TRUE(overlapping(spelling, "$.items[0]")) << spelling;
  EXPECT_FALSE(overlapping("$.items[1]", "$.items[0]"));
  EXPECT_FALSE(overlapping("$.items.0a", "$.items[0]"));
  EXPECT_FALSE(overlapping("$.a.b", "$.a.c"));
  EXPECT_FALSE(overlapping("$.items[*].price", "$.items[0].name"));
}

}  // namespace
}  // namespace outbox::admin
