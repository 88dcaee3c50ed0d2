#include "sinks/stdout/line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/conformance/sink/sink_harness.hpp"

namespace outbox::stdout_sink {
namespace {

using nlohmann::json;
using testing::HasSubstr;

std::string text_of(std::string payload, std::string headers = "{}") {
  test::Records records;
  LineMaker maker;
  std::string line;
  const auto made =
      maker.append(line, records.add("k", std::move(payload), std::move(headers)), "orders");
  EXPECT_TRUE(made) << made.error().message;
  return line;
}

TEST(LineTest, SaysAllThatTheRowHolds) {
  const auto line = json::parse(text_of(R"({"a":1})", R"({"trace":"t"})"));
  EXPECT_EQ(line["seq"], 1);
  EXPECT_EQ(line["id"].get<std::string>().size(), 36U);
  EXPECT_EQ(line["topic"], "orders");
  EXPECT_EQ(line["aggregatetype"], "order");
  EXPECT_EQ(line["key"], "k");
  EXPECT_EQ(line["type"], "OrderCreated");
  EXPECT_EQ(line["created_at"], "2025-11-24T22:24:24.000042Z");
  EXPECT_EQ(line["headers"], json::parse(R"({"trace":"t"})"));
  EXPECT_EQ(line["payload"], json::parse(R"({"a":1})"));
  EXPECT_FALSE(line.contains("payload_encoding"));
}

TEST(LineTest, JsonStaysAsItWasWritten) {
  EXPECT_THAT(text_of(R"({"b": 1.10, "a": 12345678901234567890123})"),
              HasSubstr(R"("payload":{"b": 1.10, "a": 12345678901234567890123}})"));
}

TEST(LineTest, IsOneLineWhateverTheRowHolds) {
  for (const char* payload : {"{\r\n  \"a\":\n 1\n}", "two\nlines", "\n\xff"}) {
    const std::string line = text_of(payload, "{\n\"h\":\"v\"\n}");
    EXPECT_EQ(line.find_first_of("\r\n"), line.size() - 1) << line;
    EXPECT_TRUE(json::accept(line)) << line;
  }
}

TEST(LineTest, WhatIsNoJsonIsAStringAndBytesAreBase64) {
  const auto text = json::parse(text_of("say \"hi\"\tü"));
  EXPECT_EQ(text["payload"], "say \"hi\"\tü");
  EXPECT_EQ(text["payload_encoding"], "text");
  const auto bytes = json::parse(text_of("\xff\xfe"));
  EXPECT_EQ(bytes["payload"], "//4=");
  EXPECT_EQ(bytes["payload_encoding"], "base64");
  EXPECT_EQ(json::parse(text_of("\xef\xbb\xbf{}"))["payload_encoding"], "text");
  EXPECT_EQ(json::parse(text_of(""))["payload_encoding"], "text");
}

TEST(LineTest, HeadersThatAreNoObjectAreRefusedAndLeaveNothing) {
  test::Records records;
  LineMaker maker;
  std::string line = "before\n";
  const auto made = maker.append(line, records.add("k", "{}", "[1]"), "orders");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::message_rejected);
  EXPECT_EQ(line, "before\n");
}

}  // namespace
}  // namespace outbox::stdout_sink
