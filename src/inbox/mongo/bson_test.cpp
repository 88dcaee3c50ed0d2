#include "inbox/mongo/bson.hpp"

#include <gtest/gtest.h>

namespace outbox::mongo {
namespace {

TEST(Bson, GivesBackWhatWasPutIn) {
  Bson inner;
  inner.text("name", "p1").integer("quantity", 3);
  std::vector<Bson> items;
  items.push_back(std::move(inner));
  Bson document;
  document.text("_id", std::string_view("a\0b", 3)).date("at", 1'700'000'000'123).null("none");
  document.array("items", items).integer("total", INT64_MAX);

  EXPECT_EQ(find_text(document, "_id"), std::string_view("a\0b", 3));
  EXPECT_EQ(find_date(document, "at"), 1'700'000'000'123);
  EXPECT_EQ(find_integer(document, "total"), INT64_MAX);
  EXPECT_EQ(find_text(document, "items.0.name"), "p1");
  const auto found = find_documents(document, "items");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(find_integer(found[0], "quantity"), 3);
}

TEST(Bson, ReadsOtherNumberTypesOnlyWhenTheyAreWhole) {
  Bson document;
  bson_append_int32(document.get(), "int32", -1, 7);
  bson_append_double(document.get(), "whole", -1, 8.0);
  bson_append_double(document.get(), "half", -1, 8.5);
  bson_append_double(document.get(), "huge", -1, 1e300);
  EXPECT_EQ(find_integer(document, "int32"), 7);
  EXPECT_EQ(find_integer(document, "whole"), 8);
  EXPECT_EQ(find_integer(document, "half"), std::nullopt);
  EXPECT_EQ(find_integer(document, "huge"), std::nullopt);
}

TEST(Bson, FindsNothingOfAnotherType) {
  Bson document;
  document.text("text", "x").integer("number", 1);
  EXPECT_EQ(find_text(document, "number"), std::nullopt);
  EXPECT_EQ(find_integer(document, "text"), std::nullopt);
  EXPECT_EQ(find_date(document, "number"), std::nullopt);
  EXPECT_EQ(find_text(document, "absent.path"), std::nullopt);
  EXPECT_TRUE(find_documents(document, "text").empty());
}

}  // namespace
}  // namespace outbox::mongo
