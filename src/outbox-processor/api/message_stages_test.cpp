#include "outbox-processor/api/message_stages.hpp"

#include <gtest/gtest.h>

namespace outbox::api {
namespace {

using admin::Json;

class MessageStagesTest : public testing::Test {
 protected:
  MessageStagesTest() {
    facts_.traced = Json::parse(R"({
      "seq": 7, "id": "01890a5d-ac96-774b-bcce-b302099a8057", "status": "processed",
      "created_at": "2026-01-31T12:00:00.000100Z", "transaction": 9007199254740993, "shard": 3,
      "passed": true, "exception": null, "failures": [],
      "receipts": [{"processed_at": "2026-01-31T12:00:00.002600Z", "topic": "orders",
                    "partition": 1, "offset": 41}]})");
    facts_.owner = Json::parse(R"({"relay": "host:1", "epoch": "5"})");
  }
  [[nodiscard]] Json stage(std::size_t index) const { return stages_json(facts_)[index]; }

  TraceFacts facts_;
};

TEST_F(MessageStagesTest, TellsTheWholeWay) {
  facts_.event = std::optional<Json>{Json::parse(
      R"({"effect":"created","duplicates":1,"invoiceId":"inv-1","at":"2026-01-31T12:00:00.010Z"})")};
  EXPECT_EQ(stage(0), Json::parse(R"({"name":"committed","at":"2026-01-31T12:00:00.000100Z",
      "durationMs":null,"known":true,
      "detail":{"transaction":"9007199254740993","createdAt":"2026-01-31T12:00:00.000100Z"},
      "missing":null})"));
  EXPECT_EQ(stage(1)["detail"], Json::parse(R"({"shard":3,"relay":"host:1","epoch":"5"})"));
  EXPECT_EQ(stage(2)["durationMs"], 2.5);
  EXPECT_EQ(stage(2)["detail"], Json::parse(R"({"topic":"orders","partition":1,"offset":"41"})"));
  EXPECT_EQ(stage(3)["durationMs"], 7.4);
  EXPECT_EQ(stage(4)["detail"],
            Json::parse(R"({"kind":"created","duplicates":1,"reference":"inv-1"})"));
  for (std::size_t i = 0; i < 5; ++i)
    EXPECT_EQ(stage(i)["known"], true) << i;
}

TEST_F(MessageStagesTest, SaysWhyAStageIsMissing) {
  facts_.traced["receipts"] = Json::array();
  facts_.traced["status"] = "pending";
  facts_.traced["passed"] = false;
  EXPECT_EQ(stage(1)["missing"], "no relay has read it yet");
  EXPECT_EQ(stage(2)["missing"], "it was not sent yet");
  EXPECT_EQ(stage(3)["missing"], "there is no consumer to ask (trace.consumer_url)");
  facts_.event = std::optional<Json>{};
  EXPECT_EQ(stage(4)["missing"], "the consumer has not seen it");
  facts_.event = Error{ErrorCode::destination_unavailable, "the consumer at x does not answer"};
  EXPECT_EQ(stage(4)["missing"], "the consumer at x does not answer");
  EXPECT_EQ(stage(4)["known"], false);
}

TEST_F(MessageStagesTest, ReadsTimes) {
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:01Z"), 1'000'000);
  EXPECT_EQ(parse_rfc3339("1970-01-02T00:00:00.5Z"), 86'400'500'000);
  EXPECT_EQ(parse_rfc3339("2026-01-31T12:00:00.000100Z"), 1'769'860'800'000'100);
  for (const char* wrong :
       {"", "2026-01-31", "2026-01-31 12:00:00Z", "2026-02-31T12:00:00Z",
        "2026-01-31T12:00:00+01:00", "2026-01-31T12:00:00.1234567Z", "2026-01-31T12:00:0xZ"})
    EXPECT_EQ(parse_rfc3339(wrong), std::nullopt) << wrong;
}

}  // namespace
}  // namespace outbox::api
