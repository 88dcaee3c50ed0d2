#include "support/http/json_body.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outbox::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

JsonValue json(std::string_view text) {
  auto parsed = parse_json(text);
  EXPECT_TRUE(std::holds_alternative<JsonValue>(parsed)) << text;
  return std::get<JsonValue>(std::move(parsed));
}

Request with_body(std::string body, std::string content_type) {
  Request request;
  request.body = std::move(body);
  if (!content_type.empty()) request.headers.add("Content-Type", std::move(content_type));
  return request;
}

int refusal(const Request& request) {
  const auto body = read_json_body(request);
  const auto* response = std::get_if<Response>(&body);
  return response == nullptr ? 0 : response->status;
}

TEST(JsonBody, IsReadAsJsonAlone) {
  EXPECT_EQ(refusal(with_body("{}", "application/json")), 0);
  EXPECT_EQ(refusal(with_body("{}", "Application/JSON ; charset=utf-8")), 0);
  EXPECT_EQ(refusal(with_body("{}", "")), 0);
  EXPECT_EQ(refusal(with_body("{}", "text/plain")), 415) << "as a form of another site can send it";
  EXPECT_EQ(refusal(with_body("{", "application/json")), 400);
  EXPECT_EQ(refusal(with_body("", "application/json")), 400);
}

TEST(JsonBody, EveryWrongFieldIsNamed) {
  JsonReader reader;
  const JsonValue body =
      json(R"({"name": "", "count": 1.5, "big": 11, "flag": 1, "line": "a\nb"})");
  ASSERT_TRUE(reader.is_object(body, "#"));
  reader.refuse_unknown(body, "#", {"name", "count", "big", "line"});
  reader.text(*body.find("name"), "#/name", 3);
  reader.integer(*body.find("count"), "#/count", 1, 10);
  reader.integer(*body.find("big"), "#/big", 1, 10);
  reader.flag(*body.find("flag"), "#/flag");
  reader.text(*body.find("line"), "#/line", 9);
  EXPECT_EQ(reader.required(body, "#", "more"), nullptr);
  EXPECT_FALSE(reader.ok());
  const FieldErrors errors = reader.take();
  std::vector<std::string> pointers;
  for (const FieldError& error : errors)
    pointers.push_back(error.pointer);
  EXPECT_THAT(pointers,
              ElementsAre("#/flag", "#/name", "#/count", "#/big", "#/flag", "#/line", "#/more"));
  const Response response = invalid_fields(errors);
  EXPECT_EQ(response.status, 422);
  EXPECT_THAT(response.body, HasSubstr("#/count"));
}

TEST(JsonBody, WhatFitsIsTaken) {
  JsonReader reader;
  EXPECT_EQ(reader.text(json(R"("äöü")"), "#", 3), "äöü") << "characters are counted, not bytes";
  EXPECT_EQ(reader.integer(json("10"), "#", 1, 10), 10);
  EXPECT_EQ(reader.integer(json("-9223372036854775808"), "#", INT64_MIN, 0), INT64_MIN);
  EXPECT_TRUE(reader.flag(json("true"), "#"));
  EXPECT_THAT(reader.take(), IsEmpty());
}

TEST(JsonBody, NotesOnlySoMany) {
  JsonReader reader;
  for (int i = 0; i < 1'000; ++i)
    reader.error("is wrong", "#");
  EXPECT_EQ(reader.take().size(), 50U);
}

}  // namespace
}  // namespace outbox::http
