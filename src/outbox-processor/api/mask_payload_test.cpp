#include "outbox-processor/api/mask_payload.hpp"

#include <gtest/gtest.h>

namespace outbox::api {
namespace {

std::optional<std::string> masked(std::string_view json, const std::vector<std::string>& paths) {
  JsonPaths parsed;
  for (const std::string& path : paths)
    parsed.push_back(admin::parse_json_path(path).value());
  return mask_payload(json, parsed);
}

TEST(MaskPayload, HidesWhatIsAtAPathAndKeepsTheRestAsItWasWritten) {
  EXPECT_EQ(masked(R"( {"customer": {"name" : "Ada", "age": 1.50}, "total":12345678901234567890 })",
                   {"$.customer.name"}),
            R"( {"customer": {"name" : "***", "age": 1.50}, "total":12345678901234567890 })");
  EXPECT_EQ(masked(R"({"a":{"b":[1,{"c":"]}"}]},"d":null})", {"$.a", "$.d"}),
            R"({"a":"***","d":"***"})");
}

TEST(MaskPayload, FollowsElementsAndEveryElement) {
  EXPECT_EQ(masked(R"({"items":[{"price":1,"n":2},{"price":3}]})", {"$.items[*].price"}),
            R"({"items":[{"price":"***","n":2},{"price":"***"}]})");
  EXPECT_EQ(masked("[1,[2,3]]", {"$[1][0]"}), R"([1,["***",3]])");
  EXPECT_EQ(masked(R"({"a":1,"b":{"c":2}})", {"$.*"}), R"({"a":"***","b":"***"})");
  EXPECT_EQ(masked(R"({"a b":1})", {"$['a b']"}), R"({"a b":"***"})");
}

TEST(MaskPayload, IsNotFooledByAnotherSpellingOfTheName) {
  EXPECT_EQ(masked(R"({"\u006eame":"Ada","name":"Eve"})", {"$.name"}),
            R"({"\u006eame":"***","name":"***"})");
  EXPECT_EQ(masked(R"({"na\"me":"Ada"})", {"$['na\"me']"}), R"({"na\"me":"***"})");
}

TEST(MaskPayload, LeavesADocumentWithoutThePathAsItIs) {
  for (const char* json : {"{}", "[]", "\"text\"", "12", "true", R"({"b":{"name":1}})"})
    EXPECT_EQ(masked(json, {"$.name", "$.b.c"}), json);
}

TEST(MaskPayload, ShowsNothingOfWhatItCannotRead) {
  for (const char* json : {"", "{", "{\"a\":1", "{\"a\"}", "[1,]", "{\"a\":1}x", "\"a", "{a:1}",
                           "[1 2]", "word", "[Ada]", "{\"\\ud800\":1}"})
    EXPECT_EQ(masked(json, {"$.name"}), std::nullopt) << json;
  EXPECT_EQ(masked(std::string(200, '[') + std::string(200, ']'), {"$.name"}), std::nullopt);
}

TEST(MaskPayload, ShowsNothingOfAPayloadThatIsNoJsonText) {
  const JsonPaths paths{admin::parse_json_path("$.name").value()};
  admin::StoredPayload text{"text", R"({"name":"Ada"})", 14, false};
  EXPECT_TRUE(mask(text, paths));
  EXPECT_EQ(text.content, R"({"name":"***"})");
  EXPECT_FALSE(text.truncated);
  for (const char* encoding : {"text", "base64"}) {
    admin::StoredPayload payload{encoding, "bmFtZTogQWRh", 12, false};
    EXPECT_TRUE(mask(payload, paths));
    EXPECT_EQ(payload.content, "");
    EXPECT_TRUE(payload.truncated);
  }
}

}  // namespace
}  // namespace outbox::api
