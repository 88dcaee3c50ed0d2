#include "sinks/http/request_headers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outbox::http_sink {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsSupersetOf;
using testing::StartsWith;

class RequestHeadersTest : public testing::Test {
 protected:
  RequestHeadersTest() {
    record_.id = *Uuid::parse("018f3c6e-1234-7abc-8def-0123456789ab");
    record_.aggregate_type = "order";
    record_.key = "42";
    record_.type = "OrderCreated";
    record_.created_at_us = 1'764'023'064'000'042;
  }

  std::vector<std::string> made(std::string_view json = "{}") {
    record_.headers = json;
    auto lines = headers_.make(record_);
    EXPECT_TRUE(lines.ok()) << lines.error().message;
    return lines ? *lines : std::vector<std::string>{};
  }

  // Without CloudEvents', which come first, and the content-type, which comes last.
  std::vector<std::string> of_row(std::string_view json) {
    auto lines = made(json);
    std::erase_if(lines, [](const std::string& line) {
      return line.starts_with("ce-") || line == "content-type: application/json";
    });
    return lines;
  }

  Record record_;
  RequestHeaders headers_{"application/json", "//shop/orders"};
};

TEST_F(RequestHeadersTest, AreThoseOfACloudEvent) {
  EXPECT_THAT(made(),
              ElementsAre("ce-specversion: 1.0", "ce-id: 018f3c6e-1234-7abc-8def-0123456789ab",
                          "ce-source: //shop/orders", "ce-type: OrderCreated",
                          "ce-time: 2025-11-24T22:24:24.000042Z", "ce-subject: 42",
                          "ce-aggregatetype: order", "content-type: application/json"));
}

// The example of CloudEvents' HTTP binding is "Euro € 😀".
TEST_F(RequestHeadersTest, EncodeAsTheHttpBindingDemands) {
  record_.key = "Euro € 😀";
  record_.type = "a\"b%c\x7f\r\n~";
  record_.aggregate_type = "!#$&'()*+,/:;=?@[]";
  EXPECT_THAT(made(), IsSupersetOf({"ce-subject: Euro%20%E2%82%AC%20%F0%9F%98%80",
                                    "ce-type: a%22b%25c%7F%0D%0A~",
                                    "ce-aggregatetype: !#$&'()*+,/:;=?@[]"}));
}

TEST_F(RequestHeadersTest, TimesBefore1970AreTimesToo) {
  record_.created_at_us = -1;
  EXPECT_THAT(made(), Contains("ce-time: 1969-12-31T23:59:59.999999Z"));
}

TEST_F(RequestHeadersTest, TheRowsOwnFollow) {
  EXPECT_THAT(of_row(R"({"traceparent":"00-1","X-N":3,"empty":"","text":"ü","o":{"a":[1]}})"),
              ElementsAre("traceparent: 00-1", "X-N: 3", "empty;", "text: ü", R"(o: {"a":[1]})"));
}

TEST_F(RequestHeadersTest, TellOfATopicThatTheRecordNames) {
  EXPECT_THAT(made(), testing::Not(Contains(StartsWith("ce-topic"))));
  record_.topic = "orders again";
  EXPECT_THAT(made(R"({"ce-topic":"forged"})"), Contains("ce-topic: orders%20again"));
  EXPECT_THAT(made(R"({"ce-topic":"forged"})"), testing::Not(Contains("ce-topic: forged")));
}

TEST_F(RequestHeadersTest, TheRowsContentTypeWins) {
  const auto lines = made(R"({"Content-Type":"application/avro"})");
  EXPECT_EQ(lines.back(), "Content-Type: application/avro");
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [](const auto& line) { return line.find("ontent-") != line.npos; }),
            1);
}

TEST_F(RequestHeadersTest, LeaveOutWhatIsTheConnectionsOrTheSinks) {
  EXPECT_THAT(of_row(R"({"Host":"x","Content-Length":"9","transfer-encoding":"chunked",)"
                     R"("Connection":"close","Authorization":"x","cookie":"x","Expect":"x",)"
                     R"("Proxy-Authorization":"x","webhook-id":"x","Webhook-Signature":"x",)"
                     R"("TE":"x","upgrade":"x","User-Agent":"x","a":"1"})"),
              ElementsAre("a: 1"));
  for (const auto& line : made(R"({"ce-id":"x","CE-anything":"y"})")) {
    EXPECT_NE(line, "ce-id: x");
    EXPECT_THAT(line, testing::Not(StartsWith("CE-")));
  }
}

TEST_F(RequestHeadersTest, LeaveOutWhatHttpCannotCarry) {
  EXPECT_THAT(of_row(R"({"a b":"1","":"1","a:b":"1","ü":"1","a\r\nb":"1","none":null,)"
                     R"("inject":"1\r\nX-Evil: 1","nul":"a\u0000b","bell":"\u0007",)"
                     R"("padded":" x","tail":"x\t","tab":"a\tb"})"),
              ElementsAre("tab: a\tb"));
}

TEST_F(RequestHeadersTest, RefuseWhatIsNoObject) {
  record_.headers = "[]";
  const auto lines = headers_.make(record_);
  ASSERT_FALSE(lines.ok());
  EXPECT_EQ(lines.error().code, ErrorCode::message_rejected);
}

}  // namespace
}  // namespace outbox::http_sink
