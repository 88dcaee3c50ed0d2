#include "support/tracing/collector.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outbox::tracing {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string url_of(const std::string& endpoint) {
  TracingSettings settings;
  settings.otlp_endpoint = endpoint;
  const auto collector = collector_of(settings);
  return collector ? (*collector)->url : collector.error().message;
}

std::string refusal(const TracingSettings& settings) {
  const auto collector = collector_of(settings);
  EXPECT_FALSE(collector.ok());
  return collector ? "" : collector.error().message;
}

std::vector<std::string> headers_of(const std::string& text) {
  TracingSettings settings;
  settings.otlp_endpoint = "http://c";
  settings.otlp_headers = text;
  const auto collector = collector_of(settings);
  EXPECT_TRUE(collector.ok());
  std::vector<std::string> lines;
  for (const auto& header : (*collector)->headers)
    lines.push_back(header.reveal());
  return lines;
}

TEST(Collector, IsNoneWithoutAnEndpoint) {
  const auto collector = collector_of({});
  ASSERT_TRUE(collector);
  EXPECT_FALSE(*collector);
}

TEST(Collector, TakesSpansBelowItsEndpoint) {
  EXPECT_EQ(url_of("http://127.0.0.1:4318"), "http://127.0.0.1:4318/v1/traces");
  EXPECT_EQ(url_of("https://c.example/"), "https://c.example/v1/traces");
  EXPECT_EQ(url_of("https://c.example/otlp/"), "https://c.example/otlp/v1/traces");
  EXPECT_EQ(url_of("https://c.example/otlp/v1/traces"), "https://c.example/otlp/v1/traces");
}

TEST(Collector, RefusesWhatIsNoAddressAndDoesNotQuoteIt) {
  for (const char* endpoint :
       {"hunter2", "ftp://hunter2/", "http://u:hunter2@c/", "http://hunter2@c/",
        "http://c/?token=hunter2", "http://c/#hunter2", "http://hunter2 c/"}) {
    TracingSettings settings;
    settings.otlp_endpoint = endpoint;
    EXPECT_THAT(refusal(settings),
                AllOf(HasSubstr("telemetry.otlp_endpoint"), Not(HasSubstr("hunter2"))))
        << endpoint;
  }
}

TEST(Collector, GetsHeaders) {
  EXPECT_THAT(headers_of(""), testing::IsEmpty());
  EXPECT_THAT(headers_of("authorization=Bearer%20a%2Cb, x-tenant = t=1 ,"),
              testing::ElementsAre("authorization: Bearer a,b", "x-tenant: t=1"));
}

TEST(Collector, RefusesMalformedHeadersAndDoesNotQuoteThem) {
  for (const char* headers :
       {"hunter2", "=hunter2", "a=", "a b=hunter2", "a=hunter2%0d%0ab: c", "a=1,b"}) {
    TracingSettings settings;
    settings.otlp_endpoint = "http://c";
    settings.otlp_headers = headers;
    EXPECT_THAT(refusal(settings),
                AllOf(HasSubstr("telemetry.otlp_headers: entry"), Not(HasSubstr("hunter2"))))
        << headers;
  }
}

TEST(Collector, NamesAFileThatCannotBeRead) {
  TracingSettings settings;
  settings.otlp_endpoint = "https://c";
  settings.otlp_ca_file = "/does/not/exist.pem";
  EXPECT_THAT(refusal(settings), HasSubstr("/does/not/exist.pem"));
}

TEST(Collector, CredentialsAreMaskedWhereSettingsAreShown) {
  TracingSettings settings;
  config::Schema schema;
  declare(schema, settings);
  ASSERT_TRUE(schema.load({.file = {},
                           .environment = {},
                           .flags = {{"telemetry.otlp_endpoint", "http://u:hunter2@c"},
                                     {"telemetry.otlp_headers", "a=hunter2"}}}));
  EXPECT_EQ(settings.otlp_headers.reveal(), "a=hunter2");
  EXPECT_THAT(schema.show(), AllOf(HasSubstr("http://u:***@c"), Not(HasSubstr("hunter2"))));
}

}  // namespace
}  // namespace outbox::tracing
