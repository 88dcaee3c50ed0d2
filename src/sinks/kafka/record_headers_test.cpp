#include "sinks/kafka/record_headers.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outbox::kafka {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

using Pairs = std::vector<std::pair<std::string, std::optional<std::string>>>;

class RecordHeadersTest : public testing::Test {
 protected:
  RecordHeadersTest() {
    record_.id = *Uuid::parse("018F3C6E-1234-7abc-8def-0123456789ab");
    record_.type = "OrderCreated";
    record_.created_at_us = 1'764'023'064'000'042;
  }

  Result<Headers> make(RecordHeaders& headers, std::string_view json) {
    record_.headers = json;
    return headers.make(record_);
  }

  Pairs made(RecordHeaders& headers, std::string_view json) {
    const auto done = make(headers, json);
    if (!done) throw std::runtime_error(done.error().message);
    Pairs result;
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0; rd_kafka_header_get_all(done->get(), i, &name, &value, &size) ==
                            RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      result.emplace_back(name, value == nullptr ? std::nullopt
                                                 : std::optional(std::string(
                                                       static_cast<const char*>(value), size)));
    }
    return result;
  }

  // Without `id`, which comes first.
  Pairs plain(std::string_view json) {
    auto result = made(plain_, json);
    EXPECT_EQ(result.at(0).first, "id");
    result.erase(result.begin());
    return result;
  }

  Record record_;
  RecordHeaders plain_{RecordHeaders::Mode::plain, "outbox"};
  RecordHeaders cloudevents_{RecordHeaders::Mode::cloudevents, "//shop/orders"};
};

TEST_F(RecordHeadersTest, PlainModeAddsTheIdOnly) {
  const auto id = Pair("id", "018f3c6e-1234-7abc-8def-0123456789ab");
  EXPECT_THAT(made(plain_, "{}"), ElementsAre(id));
  EXPECT_THAT(made(plain_, ""), ElementsAre(id));
  EXPECT_THAT(made(plain_, " { } "), ElementsAre(id));
}

TEST_F(RecordHeadersTest, CloudEventsModeAddsItsAttributes) {
  EXPECT_THAT(
      made(cloudevents_, R"({"traceparent":"00-1"})"),
      ElementsAre(Pair("id", "018f3c6e-1234-7abc-8def-0123456789ab"), Pair("ce_specversion", "1.0"),
                  Pair("ce_id", "018f3c6e-1234-7abc-8def-0123456789ab"),
                  Pair("ce_source", "//shop/orders"), Pair("ce_type", "OrderCreated"),
                  Pair("ce_time", "2025-11-24T22:24:24.000042Z"),
                  Pair("content-type", "application/json"), Pair("traceparent", "00-1")));
}

TEST_F(RecordHeadersTest, TheRowsContentTypeWins) {
  const auto headers = made(cloudevents_, R"({"content-type":"application/avro"})");
  EXPECT_EQ(headers.back(), (std::pair<std::string, std::optional<std::string>>{
                                "content-type", "application/avro"}));
  EXPECT_EQ(headers.size(), 7U);
  EXPECT_EQ(made(cloudevents_, "{}").size(), 7U);  // and is forgotten for the next row
}

TEST_F(RecordHeadersTest, TheRelaysOwnNamesAreDroppedFromTheRow) {
  EXPECT_THAT(plain(R"({"id":"x","a":"1","ce_id":"app"})"),
              ElementsAre(Pair("a", "1"), Pair("ce_id", "app")));
  const auto headers = made(cloudevents_, R"({"ce_id":"x","id":{"a":[1]},"ce_x":null,"a":"1"})");
  ASSERT_EQ(headers.size(), 8U);
  EXPECT_EQ(headers.back().first, "a");
}

TEST_F(RecordHeadersTest, EveryKindOfValue) {
  EXPECT_THAT(
      plain(R"({"s":"a\"b\u0000ü","n":null,"i":-1,"u":18446744073709551615,"f":1.50,)"
            R"("t":true,"big":123456789012345678901234567890,"empty":""})"),
      ElementsAre(Pair("s", std::string("a\"b\0ü", 6)), Pair("n", std::nullopt), Pair("i", "-1"),
                  Pair("u", "18446744073709551615"), Pair("f", "1.50"), Pair("t", "true"),
                  Pair("big", "123456789012345678901234567890"), Pair("empty", "")));
}

TEST_F(RecordHeadersTest, NestedValuesBecomeCompactJson) {
  EXPECT_THAT(plain(R"({"o": {"a" : [1, "x\n", {"b": null}, []], "c": {} }, "l": [ ], "z": "1"})"),
              ElementsAre(Pair("o", R"({"a":[1,"x\n",{"b":null},[]],"c":{}})"), Pair("l", "[]"),
                          Pair("z", "1")));
}

TEST_F(RecordHeadersTest, RefusesWhatIsNotAnObject) {
  for (const auto* json : {"[]", "1", "\"x\"", "null", "true", "1.5", "{", "{\"a\":}", "{} {}",
                           "{\"a\":\"\xff\"}", "not json"}) {
    const auto done = make(plain_, json);
    ASSERT_FALSE(done.ok()) << json;
    EXPECT_EQ(done.error().code, ErrorCode::message_rejected);
    EXPECT_THAT(done.error().message, HasSubstr("JSON object"));
  }
  EXPECT_THAT(make(plain_, R"({"a\u0000b":"1"})").error().message, HasSubstr("NUL"));
}

TEST_F(RecordHeadersTest, AThousandHeadersKeepTheirOrder) {
  std::string json = "{";
  for (int i = 0; i < 1'000; ++i) {
    json += (i == 0 ? "" : ",") + ("\"h" + std::to_string(i) + "\":\"v" + std::to_string(i) + "\"");
  }
  const auto headers = plain(json + "}");
  ASSERT_EQ(headers.size(), 1'000U);
  for (std::size_t i = 0; i < headers.size(); ++i) {
    EXPECT_EQ(headers[i].first, "h" + std::to_string(i));
    EXPECT_EQ(headers[i].second, "v" + std::to_string(i));
  }
}

TEST_F(RecordHeadersTest, TimesOfOneSecondDoNotMix) {
  const auto time = [&](std::int64_t us) {
    record_.created_at_us = us;
    return made(cloudevents_, "{}")[5].second.value();
  };
  EXPECT_EQ(time(1'764'023'064'999'999), "2025-11-24T22:24:24.999999Z");
  EXPECT_EQ(time(1'764'023'064'000'001), "2025-11-24T22:24:24.000001Z");
  EXPECT_EQ(time(-1), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(time(0), "1970-01-01T00:00:00.000000Z");
}

}  // namespace
}  // namespace outbox::kafka
