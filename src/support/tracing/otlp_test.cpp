#include "support/tracing/otlp.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/http/span_collector.hpp"

namespace outbox::tracing {
namespace {

const Resource kResource{"outbox-processor", "1.2.3", "4711"};

Span a_span() {
  Span span;
  span.context = *parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  span.parent = {0, 0, 0, 0, 0, 0, 0, 0xAB};
  span.name = "send orders";
  span.kind = SpanKind::client;
  span.start_us = 1'764'023'064'123'456;
  span.end_us = 1'764'023'064'123'999;
  span.attributes = {{"messaging.destination.name", "orders"},
                     {"messaging.kafka.offset", std::int64_t{1} << 60}};
  return span;
}

nlohmann::json json_of(const Span& span) {
  const auto body = nlohmann::json::parse(otlp_json(kResource, std::vector{span}));
  EXPECT_THAT(test::otlp_problems(body), testing::IsEmpty());
  return body["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
}

TEST(OtlpJson, IsAsTheProtocolHasIt) {
  const nlohmann::json expected = nlohmann::json::parse(R"({"resourceSpans": [{
    "resource": {"attributes": [
      {"key": "service.name", "value": {"stringValue": "outbox-processor"}},
      {"key": "service.version", "value": {"stringValue": "1.2.3"}},
      {"key": "service.instance.id", "value": {"stringValue": "4711"}}]},
    "scopeSpans": [{
      "scope": {"name": "outbox", "version": "1.2.3"},
      "spans": [{
        "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
        "spanId": "00f067aa0ba902b7",
        "parentSpanId": "00000000000000ab",
        "flags": 1,
        "name": "send orders",
        "kind": 3,
        "startTimeUnixNano": "1764023064123456000",
        "endTimeUnixNano": "1764023064123999000",
        "attributes": [
          {"key": "messaging.destination.name", "value": {"stringValue": "orders"}},
          {"key": "messaging.kafka.offset", "value": {"intValue": "1152921504606846976"}}]
      }]
    }]
  }]})");
  EXPECT_EQ(nlohmann::json::parse(otlp_json(kResource, std::vector{a_span()})), expected);
}

TEST(OtlpJson, SaysWhatWentWrongAndWhatIsTheFirst) {
  Span span = a_span();
  span.parent = {};
  span.error = "too large";
  const auto json = json_of(span);
  EXPECT_FALSE(json.contains("parentSpanId"));
  EXPECT_EQ(json["status"], nlohmann::json::parse(R"({"code": 2, "message": "too large"})"));
  EXPECT_FALSE(json_of(a_span()).contains("status"));
}

TEST(OtlpJson, TakesWhateverComes) {
  Span span = a_span();
  span.attributes = {{"messaging.destination.name", "\xff\"\n"}};
  span.end_us = span.start_us - 5;  // the clock was set back
  const auto json = json_of(span);
  EXPECT_EQ(json["attributes"][0]["value"]["stringValue"], "\uFFFD\"\n");
  EXPECT_EQ(json["endTimeUnixNano"], json["startTimeUnixNano"]);
}

}  // namespace
}  // namespace outbox::tracing
