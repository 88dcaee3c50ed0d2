#include "support/http/json.hpp"

#include <gtest/gtest.h>

namespace outbox::http {
namespace {

JsonValue parsed(std::string_view text) {
  auto result = parse_json(text);
  if (const auto* error = std::get_if<FieldError>(&result)) {
    ADD_FAILURE() << text << ": " << error->detail << " at " << error->pointer;
    return {};
  }
  return std::get<JsonValue>(std::move(result));
}

FieldError refused(std::string_view text, const JsonLimits& limits = {}) {
  auto result = parse_json(text, limits);
  if (const auto* error = std::get_if<FieldError>(&result)) return *error;
  ADD_FAILURE() << "accepted: " << text.substr(0, 100);
  return {};
}

TEST(Json, GivesTheDigitsOfANumberAsTheyWereWritten) {
  for (const std::string text :
       {"0.1", "12.50", "1e3", "1.10E-2", "123456789012345678901234567890", "9007199254740993",
        "0.30000000000000000000000000000000001", "-5", "18446744073709551616"}) {
    const JsonValue value = parsed(text);
    EXPECT_EQ(value.kind, JsonValue::Kind::number);
    EXPECT_EQ(value.text, text);
  }
}

TEST(Json, TellsIntegersFromNumbersWithAFractionOrExponent) {
  EXPECT_TRUE(parsed("5").integral);
  EXPECT_TRUE(parsed("123456789012345678901234567890").integral);
  EXPECT_FALSE(parsed("5.0").integral);
  EXPECT_FALSE(parsed("5e0").integral);
}

TEST(Json, BuildsNestedValues) {
  const JsonValue value = parsed(R"({"a":[1,{"b":"x\n\u00e9"},null,true],"c":{}})");
  ASSERT_NE(value.find("a"), nullptr);
  const JsonValue& list = *value.find("a");
  ASSERT_EQ(list.items.size(), 4U);
  EXPECT_EQ(list.items[1].find("b")->text, "x\n\xC3\xA9");
  EXPECT_EQ(list.items[2].kind, JsonValue::Kind::null);
  EXPECT_TRUE(list.items[3].boolean);
  EXPECT_EQ(value.find("c")->kind, JsonValue::Kind::object);
  EXPECT_EQ(value.find("d"), nullptr);
}

TEST(Json, RefusesADuplicateNameAndPointsAtIt) {
  const FieldError error = refused(R"({"items":[{"price":1},{"price":1,"x":2,"price":2}]})");
  EXPECT_EQ(error.pointer, "#/items/1/price");
  EXPECT_NE(error.detail.find("twice"), std::string::npos);
}

TEST(Json, AllowsTheSameNameInDifferentObjects) {
  parsed(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]})");
}

TEST(Json, RefusesBytesAfterTheValue) {
  refused("{} {}");
  refused("1 2");
  refused("[]]");
  parsed(" {} \n");
}

TEST(Json, RefusesARawNul) {
  using namespace std::string_view_literals;
  const FieldError error = refused("{\"a\":1}\n\0anything"sv);
  EXPECT_EQ(error.pointer, "#");
  EXPECT_EQ(error.detail, "a NUL byte at line 2, column 1");
  refused("{}\0"sv);
  refused("{\"a\":\"b\0c\"}"sv);
  refused("\0"sv);
  EXPECT_EQ(parsed(R"("b\u0000c")").text, "b\0c"sv);
}

TEST(Json, RefusesInvalidUtf8) {
  EXPECT_NE(refused("{\"a\":\"\xFF\"}").detail.find("UTF-8"), std::string::npos);
  EXPECT_EQ(refused("{\"a\":\"\xFF\"}").pointer, "#/a");
  refused("\"\xC0\x80\"");
  refused("\"\xED\xA0\x80\"");
  refused(R"("\ud800")");
}

TEST(Json, RefusesWhatIsNoJson) {
  for (const std::string_view text :
       {"", " ", "{", "[1,]", "{'a':1}", "01", "+1", ".5", "1.", "NaN", "nul", "\"\n\"", "// x\n1",
        "\xEF\xBB\xBF{", "[1e400]"}) {
    refused(text);
  }
}

TEST(Json, SaysWhereTheTextIsBroken) {
  const FieldError error = refused("{\"a\": 1,\n \"b\": oops}");
  EXPECT_EQ(error.pointer, "#/b");
  EXPECT_NE(error.detail.find("line 2"), std::string::npos) << error.detail;
}

TEST(Json, LimitsDepth) {
  const JsonLimits limits{.max_depth = 32, .max_values = 50'000};
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(std::holds_alternative<JsonValue>(parse_json(nested(32), limits)));
  EXPECT_NE(refused(nested(33), limits).detail.find("deeper than 32"), std::string::npos);
  refused(std::string(500'000, '['), limits);
  std::string objects;
  for (int i = 0; i < 33; ++i)
    objects += "{\"a\":";
  refused(objects, limits);
}

TEST(Json, LimitsTheNumberOfValues) {
  EXPECT_TRUE(std::holds_alternative<JsonValue>(parse_json("[1,2]", {.max_values = 3})));
  refused("[1,2,3]", {.max_values = 3});
}

TEST(Json, PointersEscapeTheirTokens) {
  EXPECT_EQ(child_pointer("#", "a/b~c"), "#/a~1b~0c");
  EXPECT_EQ(child_pointer("#/x", "é\""), "#/x/%C3%A9%22");
}

}  // namespace
}  // namespace outbox::http
