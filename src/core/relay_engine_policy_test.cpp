// What becomes of poison, of closed topics, of what is delayed and of a rate limit.
#include <memory>
#include <utility>
#include <vector>

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

class RelayEngineHeldTopicTest : public RelayEnginePolicyTest {
 protected:
  void hold(TopicNames topics) {
    engine_.hold_topics(std::make_shared<const TopicNames>(std::move(topics)));
  }
};

TEST_F(RelayEngineHeldTopicTest, NothingOfItIsSentOrCountsAsFailedAndOtherTopicsGoOn) {
  hold({"order"});
  engine_.add(make_batch_of(
      1, {{1, "a", "order"}, {2, "b", "invoice"}, {3, "a", "order"}, {4, "c", "order"}}));
  engine_.send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(2));
  sink_.deliver(2);
  EXPECT_EQ(settle(), "through 1 delivered 2 failed 1x0 failed 4x0 held a[3,3]");
  EXPECT_THAT(observer_.events(), ElementsAre("acknowledged 2"));
  advance(100'000'000);
  EXPECT_THAT(due(), IsEmpty()) << "nobody looks before it may go";
}

TEST_F(RelayEngineHeldTopicTest, WhatWaitedGoesAtOnceAndInOrderWhenItMay) {
  hold({"order"});
  engine_.add(make_batch_of(1, {{1, "a", "order"}, {2, "a", "order"}}));
  engine_.send();
  EXPECT_EQ(settle(), "through 1 failed 1x0 held a[2,2]");
  hold({});
  engine_.add(make_batch_of(2, {{3, "a", "order"}}));
  EXPECT_EQ(engine_.next_wakeup(), clock_.now());
  EXPECT_THAT(attempt({{1, "a"}}), ElementsAre("a[1,1]"));
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(1)) << "3 follows 2";
  sink_.deliver(1);
  EXPECT_EQ(settle(), "through 2 delivered 1 resolved 1 held a[2,3]");
  EXPECT_THAT(attempt({{2, "a"}, {3, "a"}}), ElementsAre("a[2,3]"));
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(2, 3));
  sink_.deliver_all();
  EXPECT_EQ(settle(), "through 0 delivered 2 delivered 3 held a[1,0]");
  EXPECT_EQ(engine_.blocked_keys(), 0U);
}

TEST_F(RelayEngineHeldTopicTest, AMessageThatHasFailedKeepsItsAttempts) {
  engine_.add(make_batch_of(1, {{1, "a", "order"}}));
  engine_.send();
  sink_.reject(1);
  EXPECT_EQ(settle(), "through 1 failed 1x1");
  hold({"order"});
  advance(100);
  std::vector<HeldRange> ranges = engine_.due_exceptions();
  engine_.add_exceptions(std::move(ranges), make_batch_of(0, {{1, "a", "order"}}));
  engine_.send();
  EXPECT_EQ(settle(), "nothing");
  advance(100'000'000);
  EXPECT_THAT(due(), IsEmpty());
  hold({});
  attempt({{1, "a"}});
  sink_.reject(1);
  EXPECT_EQ(settle(), "through 0 failed 1x2");
}

TEST_F(RelayEngineHeldTopicTest, WhatAnotherConnectionHeldWaitsOnlyAsLongAsTheTopicDoes) {
  hold({"order"});
  engine_.restart({{{1, 0, "a", 0, milliseconds{0}, "paused by an operator"}}, {}});
  std::vector<HeldRange> ranges = engine_.due_exceptions();
  ASSERT_EQ(ranges.size(), 1U);
  engine_.add_exceptions(std::move(ranges), make_batch_of(0, {{1, "a", "order"}}));
  engine_.send();
  EXPECT_EQ(settle(), "nothing");
  EXPECT_THAT(due(), IsEmpty());
  hold({});
  EXPECT_THAT(due(), ElementsAre("a[1,1]"));
}

TEST_F(RelayEngineHeldTopicTest, WhatWasSentBeforeMayStillFailAndKeepsItsPlace) {
  engine_.add(make_batch_of(1, {{1, "a", "order"}}));
  engine_.send();
  hold({"order"});
  engine_.add(make_batch_of(2, {{2, "a", "order"}}));
  engine_.send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(1));
  sink_.fail(1);
  take();
  advance(1'000);
  engine_.send();
  EXPECT_EQ(settle(), "through 2 failed 1x0 held a[2,2]") << "the first of the key is its head";
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
