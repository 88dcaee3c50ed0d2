#include "outbox-processor/api/change_requests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outbox::api {
namespace {

using testing::ElementsAre;

http::JsonValue json(const std::string& text) {
  auto parsed = http::parse_json(text);
  EXPECT_TRUE(std::holds_alternative<http::JsonValue>(parsed)) << text;
  return std::get<http::JsonValue>(std::move(parsed));
}

// The fields that are wrong.
template <class Read>
std::vector<std::string> wrong(const std::variant<Read, http::FieldErrors>& read) {
  std::vector<std::string> pointers;
  if (const auto* errors = std::get_if<http::FieldErrors>(&read)) {
    for (const http::FieldError& error : *errors)
      pointers.push_back(error.pointer);
  }
  return pointers;
}

TEST(ChangeRequests, ARetryNamesMessagesOrFiltersThem) {
  const auto named = std::get<RetryRequest>(
      read_retry(json(R"({"selection": {"names": ["17", "018f2c6e-0000-7000-8000-000000000001"]},
                          "ratePerSecond": 50})")));
  EXPECT_THAT(named.selection.names, ElementsAre("17", "018f2c6e-0000-7000-8000-000000000001"));
  EXPECT_EQ(named.rate, 50);
  EXPECT_FALSE(named.dry_run);
  EXPECT_FALSE(named.payload);
  const auto filtered = std::get<RetryRequest>(read_retry(
      json(R"({"selection": {"filter": {"error": "too large", "type": "OrderPaid", "since": "2h",
                             "aggregateType": "order", "aggregateId": "a"}}, "dryRun": true})")));
  EXPECT_EQ(filtered.selection.error, "too large");
  EXPECT_EQ(filtered.selection.type, "OrderPaid");
  EXPECT_EQ(filtered.selection.aggregate_type, "order");
  EXPECT_EQ(filtered.selection.key, "a");
  EXPECT_EQ(filtered.selection.since, "2h");
  EXPECT_TRUE(filtered.dry_run);
  const auto all = std::get<RetryRequest>(read_retry(json(R"({"selection": {"filter": {}}})")));
  EXPECT_TRUE(all.selection.names.empty());
}

TEST(ChangeRequests, ARetryOfOneMessageMayHaveAnotherPayload) {
  const auto edited = std::get<RetryRequest>(
      read_retry(json(R"({"selection": {"names": ["17"]}, "payload": "{\n}"})")));
  EXPECT_EQ(edited.payload, "{\n}");
  EXPECT_THAT(wrong(read_retry(json(R"({"selection": {"names": ["1", "2"]}, "payload": "{}"})"))),
              ElementsAre("#/payload"));
  EXPECT_THAT(wrong(read_retry(json(R"({"selection": {"filter": {}}, "payload": "{}"})"))),
              ElementsAre("#/payload"));
}

TEST(ChangeRequests, WhatIsWrongWithARetryIsNamed) {
  const auto fields = [](const std::string& text) { return wrong(read_retry(json(text))); };
  EXPECT_THAT(fields("[]"), ElementsAre("#"));
  EXPECT_THAT(fields("{}"), ElementsAre("#/selection"));
  EXPECT_THAT(fields(R"({"selection": {}})"), ElementsAre("#/selection"));
  EXPECT_THAT(fields(R"({"selection": {"names": ["1"], "filter": {}}})"),
              ElementsAre("#/selection"));
  EXPECT_THAT(fields(R"({"selection": {"names": []}})"), ElementsAre("#/selection/names"));
  EXPECT_THAT(fields(R"({"selection": {"names": ["1", 2, "x"]}})"),
              ElementsAre("#/selection/names/1", "#/selection/names/2"));
  EXPECT_THAT(fields(R"({"selection": {"filter": {"key": "a", "type": 1}}})"),
              ElementsAre("#/selection/filter/key", "#/selection/filter/type"));
  EXPECT_THAT(fields(R"({"selection": {"filter": {}}, "ratePerSecond": 0, "dryRun": "yes"})"),
              ElementsAre("#/dryRun", "#/ratePerSecond"));
  EXPECT_THAT(fields(R"({"selection": {"filter": {}}, "confirm": "discard 1"})"),
              ElementsAre("#/confirm"));
}

TEST(ChangeRequests, ADiscardIsConfirmedUnlessItIsDry) {
  EXPECT_THAT(wrong(read_discard(json(R"({"selection": {"filter": {}}})"))),
              ElementsAre("#/confirm"));
  EXPECT_TRUE(std::get<DiscardRequest>(
                  read_discard(json(R"({"selection": {"filter": {}}, "dryRun": true})")))
                  .dry_run);
  EXPECT_EQ(std::get<DiscardRequest>(
                read_discard(json(R"({"selection": {"filter": {}}, "confirm": "discard 3"})")))
                .confirm,
            "discard 3");
}

TEST(ChangeRequests, AReplayChoosesSomething) {
  const auto replay = std::get<ReplayRequest>(
      read_replay(json(R"({"filter": {"since": "2h", "until": null, "type": "OrderPaid"},
                           "topic": "again", "ratePerSecond": 5})")));
  EXPECT_EQ(replay.filter.since, "2h");
  EXPECT_EQ(replay.filter.until, "");
  EXPECT_EQ(replay.filter.type, "OrderPaid");
  EXPECT_EQ(replay.topic, "again");
  const auto fields = [](const std::string& text) { return wrong(read_replay(json(text))); };
  EXPECT_THAT(fields("{}"), ElementsAre("#/filter"));
  EXPECT_THAT(fields(R"({"filter": {}})"), ElementsAre("#/filter"));
  EXPECT_THAT(fields(R"({"filter": {"id": "17"}})"), ElementsAre("#/filter/id"));
  EXPECT_THAT(fields(R"({"filter": {"since": "1h"}, "topic": "a\nb"})"), ElementsAre("#/topic"));
}

TEST(ChangeRequests, AMoveNamesARelay) {
  EXPECT_EQ(std::get<std::string>(read_move(json(R"({"relay": "relay-2"})"))), "relay-2");
  EXPECT_THAT(wrong(read_move(json("{}"))), ElementsAre("#/relay"));
  EXPECT_THAT(wrong(read_move(json(R"({"relay": ""})"))), ElementsAre("#/relay"));
}

}  // namespace
}  // namespace outbox::api
