// Delivered messages sent again over HTTP, with a real PostgreSQL behind it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "outbox-processor/api/change_fixture.hpp"

namespace outbox::api {
namespace {

using http::testing::Reply;
using nlohmann::json;

// 1 and 2 of key a were delivered, 1 long ago, and 3 of key b.
class ReplayRoutesTest : public ApiTest {
 protected:
  ReplayRoutesTest() {
    write({"a", "a", "b"});
    pass_all();
    exec(
        "insert into outbox_receipt_run (first_seq, last_seq, topic, \"partition\", first_offset) "
        "select seq, seq, 'orders', 0, seq from outbox");
    exec("update outbox set created_at = '2025-01-01T12:00Z' where seq = 1");
  }
  std::string replays() {
    return value(
        "select coalesce(string_agg(seq || coalesce(' ' || topic, ''), ', ' order by due_at, seq), "
        "'') from outbox_exception where state = 'delayed' and replay");
  }
};

TEST_F(ReplayRoutesTest, CountsWhatItWouldSend) {
  const Reply reply = post("/api/v1/replay", R"({"filter": {"since": "1h"}, "dryRun": true})");
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(json::parse(reply.body), (json{{"count", 2}, {"countIsLowerBound", false}}));
  EXPECT_EQ(replays(), "");
}

TEST_F(ReplayRoutesTest, SendsDeliveredMessagesAgain) {
  const json operation =
      ended(post("/api/v1/replay",
                 R"({"filter": {"aggregateId": "a"}, "topic": "again", "ratePerSecond": 4})"));
  EXPECT_EQ(operation["kind"], "replay");
  EXPECT_EQ(operation["state"], "done") << operation;
  EXPECT_EQ(operation["total"], 2);
  EXPECT_EQ(operation["done"], 2);
  EXPECT_EQ(replays(), "1 again, 2 again");
  EXPECT_EQ(audit(), "anonymous via api: replay 1, anonymous via api: replay 2");
  const json nothing = ended(post("/api/v1/replay", R"({"filter": {"aggregateId": "a"}})"));
  EXPECT_EQ(nothing["state"], "done") << "they are on their way already";
  EXPECT_EQ(nothing["total"], 0);
}

TEST_F(ReplayRoutesTest, IsUndoneByDiscardingWhatHasYetToGoOut) {
  const json begun =
      ended(post("/api/v1/replay", R"({"filter": {"since": "2020-01-01"}, "topic": "wrong"})"));
  EXPECT_EQ(begun["total"], 3);
  const json operation =
      ended(post("/api/v1/dead-letters/discard",
                 R"({"selection": {"filter": {"replays": true}}, "confirm": "discard 3"})"));
  EXPECT_EQ(operation["done"], 3);
  EXPECT_EQ(replays(), "");
  const json again = ended(post("/api/v1/replay", R"({"filter": {"aggregateId": "a"}})"));
  EXPECT_EQ(again["total"], 2);
  EXPECT_EQ(replays(), "1, 2");
  EXPECT_THAT(wrong_fields(post("/api/v1/dead-letters/retry",
                                R"({"selection": {"filter": {"replays": true}}})")),
              testing::ElementsAre("#/selection/filter/replays"));
}

TEST_F(ReplayRoutesTest, WhatIsWrongIsNamed) {
  EXPECT_THAT(wrong_fields(post("/api/v1/replay", R"({"filter": {}})")),
              testing::ElementsAre("#/filter"));
  EXPECT_THAT(wrong_fields(post("/api/v1/replay", R"({"filter": {"until": "soon"}})")),
              testing::ElementsAre("#/filter/until"));
}

}  // namespace
}  // namespace outbox::api
