#include "outbox-processor/alerts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outbox {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class AlertsTest : public testing::Test {
 protected:
  AlertsTest() {
    SourceStatus status;
    status.shards = 64;
    facts_.status = status;
    facts_.connected = true;
    facts_.sink.reachable = true;
    facts_.state.emplace();
    facts_.partitions_ahead = 8;
  }
  [[nodiscard]] std::vector<std::string> ids() const {
    std::vector<std::string> ids;
    for (const Alert& alert : alerts(facts_)) {
      EXPECT_NE(alert.title, "");
      EXPECT_NE(alert.remedy, "");
      EXPECT_TRUE(alert.href.starts_with("/"));
      ids.push_back(alert.id);
    }
    return ids;
  }

  AlertFacts facts_{SourceStatus{}};
};

TEST_F(AlertsTest, NothingIsToldWhileAllIsWell) {
  EXPECT_THAT(ids(), IsEmpty());
}

TEST_F(AlertsTest, WhatCannotBeReachedIsCritical) {
  facts_.status = Error{ErrorCode::source_unavailable, "the server is away"};
  facts_.sink = {false, "no broker answers"};
  EXPECT_THAT(ids(), ElementsAre("source-down", "sink-unreachable"));
  EXPECT_EQ(alerts(facts_)[0].detail, "the server is away");
  EXPECT_TRUE(alerts(facts_)[0].critical);
  EXPECT_EQ(alerts(facts_)[1].detail, "no broker answers");
}

TEST_F(AlertsTest, ARelayThatDoesNotReadSaysWhy) {
  facts_.connected = false;
  facts_.problem = "another history";
  EXPECT_THAT(ids(), ElementsAre("source-down"));
  EXPECT_EQ(alerts(facts_)[0].detail, "another history");
}

TEST_F(AlertsTest, DeadLettersAndWhatWaitsAreWarnings) {
  facts_.status->dead = 1;
  facts_.status->oldest_pending_age_ms = kOldestPendingMs + 1;
  EXPECT_THAT(ids(), ElementsAre("dead-letters", "oldest-pending"));
  EXPECT_EQ(alerts(facts_)[0].title, "1 message was given up");
  EXPECT_FALSE(alerts(facts_)[0].critical);
}

TEST_F(AlertsTest, AFullLogIsCriticalBeforeTheServerCutsTheRelayOff) {
  facts_.status->lag_bytes = kMuchLog + 1;
  facts_.status->most_kept_bytes = -1;
  EXPECT_THAT(ids(), ElementsAre("lag-bytes"));
  EXPECT_FALSE(alerts(facts_)[0].critical);
  facts_.status->lag_bytes = 90 << 20;
  facts_.status->most_kept_bytes = 100 << 20;
  EXPECT_THAT(ids(), ElementsAre("lag-bytes"));
  EXPECT_TRUE(alerts(facts_)[0].critical);
}

TEST_F(AlertsTest, ShardsWithoutARelayAndFewPartitionsAreTold) {
  facts_.status->shards = 63;
  facts_.partitions_ahead = 2;
  EXPECT_THAT(ids(), ElementsAre("partitions-short", "shard-without-owner"));
  facts_.status->shards = 0;
  facts_.partitions_ahead.reset();
  EXPECT_THAT(ids(), ElementsAre("shard-without-owner"));
  EXPECT_TRUE(alerts(facts_)[0].critical);
}

TEST_F(AlertsTest, PausesAndTruncationsAreTold) {
  facts_.state->paused = true;
  facts_.state->paused_topics = {"orders", "bills"};
  facts_.state->paused_shards = {7};
  facts_.state->truncated = admin::Truncation{"2026-01-31T12:00:00.000000Z", "ada", "outbox_p0", 3};
  EXPECT_THAT(ids(), ElementsAre("truncated", "paused", "paused-topics", "paused-shards"));
  EXPECT_THAT(alerts(facts_)[0].detail, HasSubstr("3 messages of outbox_p0, by ada"));
  EXPECT_EQ(alerts(facts_)[2].detail, "orders, bills");
}

TEST_F(AlertsTest, GroupsThatAreBehindAreToldTogether) {
  facts_.groups = {{"bills", 5'000, 2.5, {}, {}, true}, {"mails", 3, 0, {}, {}, false}};
  EXPECT_THAT(ids(), ElementsAre("consumers-behind"));
  EXPECT_EQ(alerts(facts_)[0].title, "1 consumer group is behind");
  EXPECT_EQ(alerts(facts_)[0].detail, "bills: 5000 to go, 2.5 a second.");
  EXPECT_FALSE(alerts(facts_)[0].critical);
  facts_.groups[1].behind = true;
  EXPECT_EQ(alerts(facts_)[0].detail,
            "bills: 5000 to go, 2.5 a second; mails: 3 to go, none taken.");
}

}  // namespace
}  // namespace outbox
