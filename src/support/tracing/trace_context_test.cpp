#include "support/tracing/trace_context.hpp"

#include <set>

#include <gtest/gtest.h>

namespace outbox::tracing {
namespace {

constexpr std::string_view kTraceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(Traceparent, IsCheckedAsTheStandardSays) {
  EXPECT_TRUE(parse_traceparent(kTraceparent));
  for (const std::string_view text : {"", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
                                      "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                      "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                                      "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                                      "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
                                      "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01"}) {
    EXPECT_FALSE(parse_traceparent(text)) << text;
  }
}

TEST(Traceparent, IsWrittenAsItWasRead) {
  for (const char* flags : {"00", "01", "03", "ff"}) {
    const std::string text = std::string(kTraceparent.substr(0, 53)) + flags;
    EXPECT_EQ(to_traceparent(*parse_traceparent(text)), text);
  }
  EXPECT_TRUE(parse_traceparent(kTraceparent)->sampled());
  EXPECT_FALSE(
      parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-02")->sampled());
}

TEST(FindTraceparent, FindsItAmongARowsHeaders) {
  const std::string value(kTraceparent);
  const auto expected = parse_traceparent(kTraceparent);
  for (const std::string& headers : {
           R"({"traceparent":")" + value + "\"}",
           R"({"a": "b", "traceparent" : ")" + value + R"(", "z": 1})",
           R"({"a": "traceparent", "traceparent":")" + value + "\"}",
           R"({"a": "\"traceparent\":\"00", "traceparent":")" + value + "\"}",
       }) {
    EXPECT_EQ(find_traceparent(headers), expected) << headers;
  }
}

TEST(FindTraceparent, FindsNothingElse) {
  for (const std::string_view headers :
       {"", "{}", "{\"traceparent\"", "{\"traceparent\":", "{\"traceparent\":\"",
        R"({"traceparent":"00-1"})", R"({"traceparent":null})",
        R"({"traceparent2":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"})",
        R"({"a":"\"traceparent\":\"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\""})",
        R"({"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01)"}) {
    EXPECT_FALSE(find_traceparent(headers)) << headers;
  }
}

TEST(NewTrace, HasIdsOfItsOwnAndIsSampledAsOftenAsAsked) {
  std::set<std::string> ids;
  int sampled = 0;
  constexpr int kTraces = 2'000;
  for (int i = 0; i < kTraces; ++i) {
    EXPECT_TRUE(new_trace(100).sampled());
    EXPECT_FALSE(new_trace(0).sampled());
    const TraceContext trace = new_trace(25);
    sampled += trace.sampled() ? 1 : 0;
    ids.insert(to_traceparent(trace));
    ASSERT_EQ(parse_traceparent(to_traceparent(trace)), trace);
  }
  EXPECT_EQ(ids.size(), kTraces);
  EXPECT_NEAR(sampled, kTraces / 4.0, 150);
}

TEST(ChildOf, StaysInTheTrace) {
  const TraceContext parent = *parse_traceparent(kTraceparent);
  const TraceContext child = child_of(parent);
  EXPECT_EQ(child.trace_id, parent.trace_id);
  EXPECT_NE(child.span_id, parent.span_id);
  EXPECT_NE(child_of(parent).span_id, child.span_id);
  EXPECT_TRUE(child.sampled());
  EXPECT_EQ(trace_id_of(child), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(trace_id_of(std::nullopt), std::nullopt);
}

}  // namespace
}  // namespace outbox::tracing
