#include "support/http/message.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace outbox::http {
namespace {

TEST(Message, HeadersAreFoundWithoutRegardToCase) {
  Headers headers;
  headers.add("X-One", "1");
  headers.add("x-one", "2");
  EXPECT_EQ(headers.find("X-ONE"), "1");
  EXPECT_EQ(headers.count("x-One"), 2U);
  EXPECT_FALSE(headers.find("x-two"));
}

TEST(Message, AHeaderCannotBreakTheFraming) {
  Response response = text_response(200, "x");
  response.headers.add("Location", "/a\r\nSet-Cookie: evil=1");
  response.headers.add("X-Fine", "yes");
  const std::string bytes = serialize(response, false, true);
  EXPECT_EQ(bytes.find("evil"), std::string::npos);
  EXPECT_NE(bytes.find("X-Fine: yes\r\n"), std::string::npos);
}

TEST(Message, AnAnswerToHeadHasTheLengthWithoutTheBody) {
  const std::string bytes = serialize(text_response(200, "hello"), true, true);
  EXPECT_NE(bytes.find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_TRUE(bytes.ends_with("\r\n\r\n"));
}

TEST(Message, NoContentHasNoLength) {
  Response response;
  response.status = 204;
  EXPECT_EQ(serialize(response, false, false).find("Content-Length"), std::string::npos);
}

TEST(Message, AProblemListsItsErrorsAndSurvivesInvalidUtf8) {
  const Response response =
      problem(422, "Invalid order", "see errors", {{"must be \xFF positive", "#/quantity"}});
  EXPECT_EQ(response.content_type, "application/problem+json");
  const auto body = nlohmann::json::parse(response.body);
  EXPECT_EQ(body["status"], 422);
  EXPECT_EQ(body["type"], "about:blank");
  EXPECT_EQ(body["errors"][0]["pointer"], "#/quantity");
}

TEST(Message, EveryStatusThatIsSentHasAPhrase) {
  for (const int status :
       {200, 201, 204, 400, 404, 405, 408, 409, 413, 415, 417, 422, 431, 500, 501, 503, 505}) {
    EXPECT_NE(reason_phrase(status), "Unknown") << status;
  }
}

}  // namespace
}  // namespace outbox::http
