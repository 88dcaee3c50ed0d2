// What becomes of poison, of closed topics, of what is delayed and of a rate limit.
#include <gmock/gmock.h>

#include "core/relay_engine.hpp"
#include "core/testing/engine_fixture.hpp"

namespace outbox {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Error kUnknownTopic{ErrorCode::topic_unavailable, "the topic is unknown"};

class RelayEnginePolicyTest : public EngineTest {
 protected:
  RelayEnginePolicyTest() : EngineTest(small_options()) {}
  explicit RelayEnginePolicyTest(EngineOptions options) : EngineTest(options) {}

  static EngineOptions with(PoisonAction action, int max_attempts = 20) {
    EngineOptions options = small_options();
    options.poison = {action, max_attempts};
    return options;
  }
};

class RelayEngineSkipTest : public RelayEnginePolicyTest {
 protected:
  RelayEngineSkipTest() : RelayEnginePolicyTest(with(PoisonAction::skip)) {}
};

// Were 2 sent before the death of 1 is stored, a crash could have 1 arrive after it.
TEST_F(RelayEngineSkipTest, AKeyGoesOnOnlyWhenTheDeathOfItsMessageIsStored) {
  add(1, {{1, "a"}, {2, "a"}, {3, "b"}});
  engine_.send();
  sink_.reject(1);
  take_and_send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(3)) << "another key goes on";
  add(2, {{4, "a"}});
  engine_.send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(3));
  sink_.deliver(3);
  EXPECT_EQ(settle(), "through 2 delivered 3 dead 1x1 held a[2,4]");
  EXPECT_THAT(attempt({{2, "a"}, {4, "a"}}), ElementsAre("a[2,4]"));
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(2, 4));
  sink_.deliver_all();
  EXPECT_EQ(settle(), "through 0 delivered 2 delivered 4 held a[1,0]");
  EXPECT_EQ(engine_.blocked_keys(), 0U);
}

TEST_F(RelayEngineSkipTest, ItIsNoFailureOfTheDestination) {
  add(1, {{1, "a"}, {2, "a"}});
  engine_.send();
  sink_.reject(1);
  take();
  EXPECT_THAT(observer_.events(), ElementsAre("rejected 1"));
}

class RelayEngineParkTest : public RelayEnginePolicyTest {
 protected:
  RelayEngineParkTest() : RelayEnginePolicyTest(with(PoisonAction::park, 2)) {}
};

TEST_F(RelayEngineParkTest, TheHeadIsDeadAfterItsLastAttemptAndItsKeyWaits) {
  add(1, {{1, "a"}, {2, "a"}});
  engine_.send();
  sink_.reject(1);
  EXPECT_EQ(settle(), "through 1 failed 1x1 held a[2,2]");
  advance(100);
  attempt({{1, "a"}});
  sink_.reject(1);
  EXPECT_EQ(settle(), "through 0 parked 1x2");
  advance(1'000'000);
  EXPECT_THAT(due(), IsEmpty()) << "it waits for an operator";
  add(2, {{3, "a"}, {4, "b"}});
  engine_.send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(4));
}

TEST_F(RelayEngineParkTest, AnOperatorsDecisionIsKnownAfterTheNextRestart) {
  engine_.restart({{{1, 0, "a", 0, milliseconds{0}, "too large"}}, {{"a", 0, 2, 2}}});
  EXPECT_THAT(attempt({{1, "a"}}), ElementsAre("a[1,1]"));
  sink_.deliver(1);
  EXPECT_EQ(settle(), "through 0 delivered 1 resolved 1");
  EXPECT_THAT(due(), ElementsAre("a[2,2]"));
}

TEST_F(RelayEnginePolicyTest, AClosedTopicBurnsNoAttemptAndOtherTypesGoOn) {
  engine_.add(make_batch_of(1, {{1, "a", "order"}, {2, "b", "invoice"}, {3, "c", "order"}}));
  engine_.send();
  sink_.reject(1, kUnknownTopic);
  sink_.reject(3, kUnknownTopic);
  sink_.deliver(2);
  EXPECT_EQ(settle(), "through 1 delivered 2 failed 1x0 failed 3x0");
  EXPECT_THAT(observer_.events(), ElementsAre("topic failed for 1", "acknowledged 2"))
      << "told once, and no message is blamed";
}

TEST_F(RelayEnginePolicyTest, WhatComesDuringThePauseIsNotSentAndWaitsForItsEnd) {
  engine_.add(make_batch_of(1, {{1, "a", "order"}}));
  engine_.send();
  sink_.reject(1, kUnknownTopic);
  take();
  engine_.add(make_batch_of(2, {{2, "b", "order"}, {3, "c", "invoice"}}));
  engine_.send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(3));
  sink_.deliver(3);
  EXPECT_EQ(settle(), "through 2 delivered 3 failed 1x0 failed 2x0");
}

TEST_F(RelayEnginePolicyTest, ADelayedMessageLeavesItsKeysWay) {
  engine_.add(make_batch_of(1, {{1, "a", "order", "", "", 12'345, 0}, {2, "a", "order"}}));
  engine_.send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(2));
  sink_.deliver(2);
  EXPECT_EQ(settle(), "through 1 delivered 2 delayed 1x0");
}

TEST_F(RelayEnginePolicyTest, LooksForWhatIsDueAtItsIntervalAndOneAttemptAtATime) {
  advance(1'000'000);
  ASSERT_TRUE(engine_.wants_due());
  engine_.add_due(make_batch(0, {}));
  EXPECT_FALSE(engine_.wants_due());
  advance(1'000'000);
  ASSERT_TRUE(engine_.wants_due());
  engine_.add_due(make_batch(0, {{1, "a"}}));
  engine_.send();
  advance(1'000'000);
  EXPECT_FALSE(engine_.wants_due()) << "an attempt is under way";
  sink_.deliver(1);
  EXPECT_EQ(settle(), "through 0 delivered 1 resolved 1");
  EXPECT_TRUE(engine_.wants_due());
}

class RelayEngineRateTest : public RelayEnginePolicyTest {
 protected:
  RelayEngineRateTest() : RelayEnginePolicyTest(limited()) {}
  static EngineOptions limited() {
    EngineOptions options = small_options();
    options.messages_per_second = 10;
    return options;
  }
};

TEST_F(RelayEngineRateTest, SendsNoMoreThanItMayAndWakesUpForTheRest) {
  add(1, {{1, "a"}, {2, "b"}});
  engine_.send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(1));
  EXPECT_EQ(engine_.next_wakeup(), clock_.now() + milliseconds{100});
  advance(100);
  engine_.send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(1, 2));
}

}  // namespace
}  // namespace outbox
