#include "outbox-processor/overview.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace outbox {
namespace {

using nlohmann::json;

class OverviewTest : public testing::Test {
 protected:
  [[nodiscard]] json overview(const Result<SourceStatus>& status) const {
    return json::parse(overview_json(status, relay_, {true, "1 broker"}));
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
  EXPECT_EQ(told["pending"], 7);
  EXPECT_EQ(told["pendingIsEstimate"], false);
  EXPECT_EQ(told["oldestPendingAgeSeconds"], 1.5);
  EXPECT_EQ(told["failed"], (json{{"retrying", 2}, {"heldKeys", 1}, {"dead", 3}}));
  EXPECT_EQ(told["shards"],
            (json{{"total", 64}, {"owned", 64}, {"owner", "host:1"}, {"epoch", 4}}));
  EXPECT_EQ(told["source"], (json{{"connected", true}, {"problem", nullptr}}));
  EXPECT_EQ(told["sink"], (json{{"reachable", true}, {"detail", "1 broker"}}));
}

TEST_F(OverviewTest, SaysNullForWhatIsNotKnown) {
  observer_.source_connected({});
  const json told = overview(Error{ErrorCode::source_unavailable, "the server is away"});
  for (const char* name : {"pending", "oldestPendingAgeSeconds", "failed", "shards"}) {
    EXPECT_TRUE(told.at(name).is_null()) << name;
  }
  EXPECT_EQ(told["source"], (json{{"connected", true}, {"problem", "the server is away"}}));
}

TEST_F(OverviewTest, ARelayThatIsNotConnectedOwnsNothing) {
  observer_.source_lost({ErrorCode::not_owner, "host:2 reads"});
  const json told = overview(SourceStatus{});
  EXPECT_EQ(told["shards"]["owned"], 0);
  EXPECT_EQ(told["source"], (json{{"connected", false}, {"problem", "host:2 reads"}}));
}

TEST_F(OverviewTest, BearsAServersMessageInAnotherEncoding) {
  const json told = overview(Error{ErrorCode::source_unavailable, "Verbindung abgew\xFCrgt"});
  EXPECT_EQ(told["source"]["problem"], "Verbindung abgew\xEF\xBF\xBDrgt");
}

}  // namespace
}  // namespace outbox
