#include "support/telemetry/log.hpp"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace outbox::telemetry {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kTime = 1'764'023'064'123'456;  // 2025-11-24T22:24:24.123456Z

TEST(JsonLine, HoldsEveryKindOfField) {
  const auto line = json_line(kTime, "info", "sent",
                              {{"topic", "orders"},
                               {"offset", -1},
                               {"size", std::numeric_limits<std::uint64_t>::max()},
                               {"ok", true},
                               {"rate", 0.5},
                               {"bad", std::numeric_limits<double>::infinity()}});
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json["ts"], "2025-11-24T22:24:24.123Z");
  EXPECT_EQ(json["level"], "info");
  EXPECT_EQ(json["msg"], "sent");
  EXPECT_EQ(json["topic"], "orders");
  EXPECT_EQ(json["offset"], -1);
  EXPECT_EQ(json["size"], std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(json["ok"], true);
  EXPECT_EQ(json["rate"], 0.5);
  EXPECT_TRUE(json["bad"].is_null());
}

TEST(JsonLine, EscapesWhateverComes) {
  const auto line = json_line(kTime, "warn", "a\"b\n", {{"key", std::string_view("\0\xff\\", 3)}});
  EXPECT_THAT(line, Not(HasSubstr("\n")));
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json["msg"], "a\"b\n");
  EXPECT_EQ(json["key"], std::string("\0", 1) + "\uFFFD\\");
}

TEST(Lines, LeaveOutFieldsWithoutAValue) {
  const std::optional<std::string> none;
  const std::optional<std::string> some = "4bf9";
  const std::optional<int> number = 7;
  EXPECT_EQ(text_line(kTime, "info", "m", {{"a", none}, {"trace_id", some}, {"n", number}}),
            "2025-11-24T22:24:24.123Z info  m trace_id=4bf9 n=7");
  const auto json = nlohmann::json::parse(
      json_line(kTime, "info", "m", {{"a", none}, {"trace_id", some}, {"n", number}}));
  EXPECT_FALSE(json.contains("a"));
  EXPECT_EQ(json["trace_id"], "4bf9");
  EXPECT_EQ(json["n"], 7);
}

TEST(TextLine, IsOneLineAndQuotesWhatNeedsIt) {
  EXPECT_EQ(
      text_line(kTime, "warn", "broker away", {{"topic", "orders"}, {"why", "a b"}, {"n", 3}}),
      "2025-11-24T22:24:24.123Z warn  broker away topic=orders why=\"a b\" n=3");
  EXPECT_THAT(text_line(kTime, "info", "two\nlines", {{"x", "1\n2"}}), Not(HasSubstr("\n")));
}

TEST(Log, WritesFromItsLevelUpward) {
  ASSERT_TRUE(init_log("warn", "json").ok());
  testing::internal::CaptureStderr();
  log::info("quiet");
  log::warn("loud", {{"n", 1}});
  const auto written = testing::internal::GetCapturedStderr();
  ASSERT_TRUE(init_log("info", "text").ok());
  EXPECT_THAT(written, Not(HasSubstr("quiet")));
  EXPECT_EQ(nlohmann::json::parse(written)["msg"], "loud");
}

TEST(Log, RefusesUnknownLevelsAndFormats) {
  EXPECT_THAT(init_log("loud", "text").error().message, HasSubstr("loud"));
  EXPECT_THAT(init_log("info", "xml").error().message, HasSubstr("xml"));
}

}  // namespace
}  // namespace outbox::telemetry
