#include "outbox-processor/overview.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outbox {
namespace {

using json = nlohmann::ordered_json;

class OverviewTest : public testing::Test {
 protected:
  [[nodiscard]] json overview(const Result<SourceStatus>& status) const {
    OverviewFacts facts{1'700'000'000'000'000, status, {true, "1 broker"}};
    return overview_json(facts, relay_);
  }

  telemetry::Metrics metrics_{"test"};
  RelayMetrics relay_{metrics_};
  RelayObserver& observer_{relay_};
};

TEST_F(OverviewTest, TellsWhatTheDatabaseTells) {
  observer_.source_connected({});
  SourceStatus status;
  status.pending = 7;
  status.oldest_pending_age_ms = 1'500;
  status.retrying = 2;
  status.held_keys = 1;
  status.dead = 3;
  status.owner = "host:1";
  status.epoch = 4;
  const json told = overview(status);
  EXPECT_EQ(told["at"], "2023-11-14T22:13:20.000000Z");
  EXPECT_EQ(told["pending"], 7);
  EXPECT_EQ(told["pendingIsEstimate"], false);
  EXPECT_EQ(told["oldestPendingAgeSeconds"], 1.5);
  EXPECT_EQ(told["failed"], (json{{"retrying", 2}, {"heldKeys", 1}, {"dead", 3}}));
  EXPECT_EQ(told["shards"],
            (json{{"total", 64}, {"owned", 64}, {"owner", "host:1"}, {"epoch", "4"}}));
  EXPECT_EQ(told["source"], (json{{"connected", true}, {"problem", nullptr}}));
  EXPECT_EQ(told["sink"], (json{{"reachable", true}, {"detail", "1 broker"}}));
}

TEST_F(OverviewTest, SaysNullForWhatIsNotKnown) {
  observer_.source_connected({});
  const json told = overview(Error{ErrorCode::source_unavailable, "the server is away"});
  for (const char* name : {"pending", "oldestPendingAgeSeconds", "failed", "shards", "lagBytes",
                           "insertedPerSecond", "latency", "consumers"}) {
    EXPECT_TRUE(told.at(name).is_null()) << name;
  }
  EXPECT_EQ(told["source"], (json{{"connected", true}, {"problem", "the server is away"}}));
  EXPECT_EQ(told["alerts"][0]["id"], "source-down");
}

TEST_F(OverviewTest, ARelayThatIsNotConnectedOwnsNothing) {
  observer_.source_lost({ErrorCode::not_owner, "host:2 reads"});
  const json told = overview(SourceStatus{});
  EXPECT_EQ(told["shards"]["owned"], 0);
  EXPECT_EQ(told["source"], (json{{"connected", false}, {"problem", "host:2 reads"}}));
}

TEST_F(OverviewTest, TellsWhatIsKnownBesides) {
  OverviewFacts facts{0, SourceStatus{}, {true, ""}};
  facts.state.emplace();
  facts.state->paused = true;
  facts.state->mode = "wal";
  facts.inserted_per_second = 2.5;
  for (int i = 0; i < 30; ++i)
    facts.topics.push_back({"topic-" + std::to_string(i), 1.0});
  facts.consumer = ConsumerState{"http://127.0.0.1:3001", false};
  const json told = overview_json(facts, relay_);
  EXPECT_EQ(told["paused"], true);
  EXPECT_EQ(told["mode"], "wal");
  EXPECT_EQ(told["insertedPerSecond"], 2.5);
  EXPECT_EQ(told["topics"].size(), kMostTopicsShown);
  EXPECT_EQ(
      told["consumers"],
      (json{{"url", "http://127.0.0.1:3001"}, {"reachable", false}, {"groups", json::array()}}));
}

TEST_F(OverviewTest, TellsHowFarConsumersAreAlsoWhereNoneIsAsked) {
  OverviewFacts facts{0, SourceStatus{}, {true, ""}};
  facts.groups = {{"bills", 7, 2.5, {}, {}, true}, {"mails", {}, {}, {}, "no broker answers"}};
  for (int i = 0; i < 30; ++i)
    facts.groups[0].topics.push_back({"topic-" + std::to_string(i), 7, 1});
  const json told = overview_json(facts, relay_);
  EXPECT_TRUE(told["consumers"]["url"].is_null());
  EXPECT_TRUE(told["consumers"]["reachable"].is_null());
  const json& groups = told["consumers"]["groups"];
  EXPECT_EQ(groups[0]["lag"], 7);
  EXPECT_EQ(groups[0]["ratePerSecond"], 2.5);
  EXPECT_EQ(groups[0]["topics"].size(), kMostTopicsShown);
  EXPECT_EQ(groups[0]["topics"][0], (json{{"topic", "topic-0"}, {"lag", 7}}));
  EXPECT_TRUE(groups[0]["problem"].is_null());
  EXPECT_EQ(groups[1], (json{{"group", "mails"},
                             {"lag", nullptr},
                             {"ratePerSecond", nullptr},
                             {"topics", json::array()},
                             {"problem", "no broker answers"}}));
  EXPECT_EQ(told["alerts"].back()["id"], "consumers-behind");
}

}  // namespace
}  // namespace outbox
