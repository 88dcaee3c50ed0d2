#include "core/relay_engine.hpp"

#include <gmock/gmock.h>

#include "core/testing/engine_fixture.hpp"

namespace outbox {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using RelayEngineTest = EngineTest;

TEST_F(RelayEngineTest, SendsABatchWhileEarlierOnesAreInFlight) {
  add(1, {{1, "a"}});
  engine_.send();
  add(2, {{2, "a"}, {3, "b"}});
  engine_.send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(1, 2, 3));
  EXPECT_EQ(engine_.in_flight(), 3U);
}

TEST_F(RelayEngineTest, NothingIsSettledBeforeItIsAcknowledged) {
  add(1, {{1, "a"}, {2, "b"}});
  engine_.send();
  EXPECT_EQ(settle(), "nothing");
  sink_.deliver(1);
  EXPECT_EQ(settle(), "nothing") << "a batch is settled as a whole";
  sink_.deliver(2);
  EXPECT_EQ(settle(), "through 1 delivered 1 delivered 2");
  EXPECT_EQ(settle(), "nothing");
  EXPECT_TRUE(engine_.idle());
  EXPECT_THAT(observer_.events(), ElementsAre("acknowledged 1", "acknowledged 2"));
}

TEST_F(RelayEngineTest, ThePositionMovesFromTheFrontOnly) {
  add(1, {{1, "a"}});
  add(2, {{2, "b"}});
  add(3, {{3, "c"}});
  engine_.send();
  sink_.deliver(2);
  sink_.deliver(3);
  EXPECT_EQ(settle(), "nothing");
  sink_.deliver(1);
  EXPECT_EQ(settle(), "through 3 delivered 1 delivered 2 delivered 3");
}

TEST_F(RelayEngineTest, ReadsNoMoreBatchesThanTheWindowHolds) {
  EXPECT_TRUE(engine_.wants_batch());
  add(1, {{1, "a"}});
  add(2, {{2, "b"}});
  EXPECT_TRUE(engine_.wants_batch());
  add(3, {{3, "c"}});
  EXPECT_FALSE(engine_.wants_batch());
  engine_.send();
  sink_.deliver_all();
  settle();
  EXPECT_TRUE(engine_.wants_batch());
}

TEST_F(RelayEngineTest, WhatIsSentGoesAtOnceUnlessTheSourceIsBehind) {
  Batch behind = make_batch(1, {{1, "a"}});
  behind.behind = true;
  engine_.add(std::move(behind));
  engine_.send();
  EXPECT_EQ(sink_.hurries(), 0U);
  add(2, {{2, "b"}});
  engine_.send();
  EXPECT_EQ(sink_.hurries(), 1U);
  engine_.send();
  EXPECT_EQ(sink_.hurries(), 1U) << "there is nothing to hurry";
}

// Settlements come in intervals.
class SettleIntervalTest : public EngineTest {
 protected:
  SettleIntervalTest()
      : EngineTest([] {
          EngineOptions options = small_options();
          options.settle_interval = milliseconds{10};
          return options;
        }()) {}

  void deliver(std::uint64_t number, std::int64_t seq) {
    add(number, {{seq, "a"}});
    engine_.send();
    sink_.deliver(seq);
  }
};

TEST_F(SettleIntervalTest, DeliveriesWithinOneAreSettledTogether) {
  advance(10);
  deliver(1, 1);
  EXPECT_EQ(settle(), "through 1 delivered 1") << "the first waits for nothing";
  deliver(2, 2);
  EXPECT_EQ(settle(), "nothing");
  EXPECT_EQ(engine_.next_wakeup(), clock_.now() + milliseconds{10});
  EXPECT_FALSE(engine_.idle());
  advance(9);
  deliver(3, 3);
  EXPECT_EQ(settle(), "nothing");
  advance(1);
  EXPECT_EQ(settle(), "through 3 delivered 2 delivered 3");
}

TEST_F(SettleIntervalTest, AFullWindowIsSettledAtOnce) {
  deliver(1, 1);
  deliver(2, 2);
  EXPECT_EQ(settle(), "nothing");
  deliver(3, 3);
  EXPECT_EQ(settle(), "through 3 delivered 1 delivered 2 delivered 3");
}

TEST_F(SettleIntervalTest, AnAttemptIsSettledAtOnceWithWhatWasDelivered) {
  deliver(1, 1);
  add(2, {{2, "b"}});
  engine_.send();
  sink_.reject(2);
  advance(10);
  EXPECT_EQ(settle(), "through 2 delivered 1 failed 2x1");
  advance(1'000);
  settle();
  deliver(3, 3);
  EXPECT_EQ(settle(), "through 3 delivered 3");
  deliver(4, 4);
  EXPECT_EQ(settle(), "nothing");
  EXPECT_THAT(attempt({{2, "b"}}), ElementsAre("b[2,2]"));
  sink_.deliver(2);
  EXPECT_EQ(settle(), "through 4 delivered 4 delivered 2 resolved 2");
}

// The window is bounded by what the batches hold.
class FilledWindowTest : public EngineTest {
 protected:
  FilledWindowTest()
      : EngineTest([] {
          EngineOptions options = small_options();
          options.max_batches = 10;
          options.enough_messages = 2;
          options.enough_bytes = 100;
          return options;
        }()) {}
};

TEST_F(FilledWindowTest, ReadsSmallBatchesUntilThereAreEnoughMessages) {
  add(1, {{1, "a"}});
  add(2, {{2, "b"}});
  EXPECT_TRUE(engine_.wants_batch());
  add(3, {{3, "c"}});
  EXPECT_FALSE(engine_.wants_batch());
  engine_.send();
  sink_.deliver(1);
  settle();
  EXPECT_TRUE(engine_.wants_batch());
  engine_.restart({});
  add(1, {{1, "a"}, {2, "b"}});
  EXPECT_TRUE(engine_.wants_batch());
}

TEST_F(FilledWindowTest, ReadsBatchesUntilThereAreEnoughBytes) {
  engine_.add(make_batch_of(1, {{.seq = 1, .key = "a", .payload = std::string(101, 'x')}}));
  EXPECT_FALSE(engine_.wants_batch());
  engine_.send();
  sink_.deliver_all();
  settle();
  EXPECT_TRUE(engine_.wants_batch());
}

TEST_F(RelayEngineTest, ReadsNothingWhileTooManyKeysAreBlocked) {
  add(1, {{1, "a"}, {2, "b"}});
  engine_.send();
  sink_.reject(1);
  take();
  EXPECT_TRUE(engine_.wants_batch());
  sink_.reject(2);
  take();
  EXPECT_EQ(engine_.blocked_keys(), 2U);
  EXPECT_FALSE(engine_.wants_batch());
  settle();
  EXPECT_FALSE(engine_.wants_batch());
  advance(100);
  attempt({{1, "a"}, {2, "b"}});
  sink_.deliver_all();
  settle();
  EXPECT_TRUE(engine_.wants_batch());
}

TEST_F(RelayEngineTest, AnIdlePositionIsStoredAtMostEveryInterval) {
  add(1, {});
  EXPECT_EQ(settle(), "nothing");
  advance(4'999);
  add(2, {});
  EXPECT_EQ(settle(), "nothing");
  EXPECT_EQ(engine_.next_wakeup(), clock_.now() + milliseconds{1});
  advance(1);
  EXPECT_EQ(settle(), "through 2");
  EXPECT_EQ(settle(), "nothing");
  EXPECT_GT(engine_.next_wakeup(), clock_.now() + kNotDue / 2) << "nothing is left to store";
  add(3, {});
  advance(4'999);
  EXPECT_EQ(settle(), "nothing");
  advance(1);
  EXPECT_EQ(settle(), "through 3");
}

TEST_F(RelayEngineTest, AnIdlePositionIsStoredWithTheNextNews) {
  add(1, {});
  EXPECT_EQ(settle(), "nothing");
  add(2, {{1, "a"}});
  engine_.send();
  sink_.deliver_all();
  EXPECT_EQ(settle(), "through 2 delivered 1");
}

TEST_F(RelayEngineTest, ARejectedMessageHoldsItsKeyAndNoOther) {
  add(1, {{1, "a"}, {2, "b"}, {3, "a"}});
  engine_.send();
  sink_.deliver(2);
  sink_.reject(1);
  take_and_send();
  EXPECT_THAT(sink_.accepted_seqs(), IsEmpty());
  EXPECT_EQ(settle(), "through 1 delivered 2 failed 1x1 held a[3,3]");
  EXPECT_THAT(observer_.events(), ElementsAre("acknowledged 2", "rejected 1"))
      << "what fails behind it is no failure of the destination";
}

TEST_F(RelayEngineTest, AMessageThatTheSinkRefusesAtOnceIsTreatedTheSame) {
  sink_.refuse_if([](std::int64_t seq) { return seq == 1; });
  add(1, {{1, "a"}, {2, "b"}, {3, "a"}});
  engine_.send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(2));
  EXPECT_THAT(observer_.events(), ElementsAre("rejected 1"));
  sink_.deliver_all();
  EXPECT_EQ(settle(), "through 1 delivered 2 failed 1x1 held a[3,3]");
}

TEST_F(RelayEngineTest, LaterBatchesOfABlockedKeyAddToWhatWaits) {
  add(1, {{1, "a"}});
  engine_.send();
  sink_.reject(1);
  EXPECT_EQ(settle(), "through 1 failed 1x1");
  add(2, {{2, "a"}, {3, "b"}});
  add(3, {{4, "a"}});
  engine_.send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(3));
  sink_.deliver_all();
  EXPECT_EQ(settle(), "through 3 delivered 3 held a[2,4]");
}

TEST_F(RelayEngineTest, AFailedHeadIsAttemptedWhenItIsDue) {
  add(1, {{1, "a"}});
  engine_.send();
  sink_.reject(1);
  settle();
  EXPECT_EQ(engine_.next_wakeup(), clock_.now() + milliseconds{100});
  advance(99);
  EXPECT_THAT(due(), IsEmpty());
  advance(1);
  EXPECT_THAT(attempt({{1, "a"}}), ElementsAre("a[1,1]"));
  EXPECT_FALSE(engine_.idle());
  EXPECT_THAT(due(), IsEmpty()) << "one attempt at a time";
  sink_.reject(1);
  EXPECT_EQ(settle(), "through 0 failed 1x2");
  advance(200);
  EXPECT_THAT(attempt({{1, "a"}}), ElementsAre("a[1,1]"));
  sink_.deliver_all();
  EXPECT_EQ(settle(), "through 0 delivered 1 resolved 1");
  EXPECT_EQ(engine_.blocked_keys(), 0U);
}

TEST_F(RelayEngineTest, AHeadIsNotAttemptedBeforeItsFailureIsSettled) {
  add(1, {{1, "b"}});
  add(2, {{2, "a"}});
  engine_.send();
  sink_.reject(2);
  EXPECT_EQ(settle(), "nothing") << "the first batch is not done";
  advance(10'000);
  EXPECT_THAT(due(), IsEmpty());
  sink_.deliver(1);
  EXPECT_EQ(settle(), "through 2 delivered 1 failed 2x1");
  advance(100);
  EXPECT_THAT(due(), ElementsAre("a[2,2]"));
}

TEST_F(RelayEngineTest, AfterItsHeadAKeyCatchesUpInOrderAndIsReleased) {
  add(1, {{1, "a"}, {2, "a"}, {3, "a"}, {4, "a"}, {5, "a"}});
  engine_.send();
  sink_.reject(1);
  EXPECT_EQ(settle(), "through 1 failed 1x1 held a[2,5]");
  advance(100);
  attempt({{1, "a"}});
  sink_.deliver_all();
  EXPECT_EQ(settle(), "through 0 delivered 1 resolved 1");
  EXPECT_THAT(attempt({{2, "a"}, {3, "a"}, {4, "a"}}), ElementsAre("a[2,5]"));
  sink_.deliver_all();
  EXPECT_EQ(settle(), "through 0 delivered 2 delivered 3 delivered 4 held a[5,5]");
  EXPECT_THAT(attempt({{5, "a"}}), ElementsAre("a[5,5]"));
  sink_.deliver_all();
  EXPECT_EQ(settle(), "through 0 delivered 5 held a[1,0]");
  EXPECT_EQ(engine_.blocked_keys(), 0U);
}

TEST_F(RelayEngineTest, WhatTheWindowHeldIsSentWhenItsKeyIsReleased) {
  add(1, {{1, "a"}});
  engine_.send();
  sink_.reject(1);
  settle();
  add(2, {{2, "b"}, {3, "a"}, {4, "a"}});
  engine_.send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(2)) << "it keeps the batch from being settled";
  advance(100);
  attempt({{1, "a"}});
  sink_.deliver(1);
  EXPECT_EQ(settle(), "through 0 delivered 1 resolved 1");
  engine_.send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(2, 3, 4));
  sink_.deliver_all();
  EXPECT_EQ(settle(), "through 2 delivered 2 delivered 3 delivered 4");
}

TEST_F(RelayEngineTest, WhatIsSettledAsHeldDuringAnAttemptWaitsForTheNext) {
  add(1, {{1, "a"}});
  engine_.send();
  sink_.reject(1);
  settle();
  advance(100);
  attempt({{1, "a"}});
  add(2, {{2, "a"}});
  engine_.send();
  EXPECT_EQ(settle(), "through 2 held a[2,2]");
  sink_.deliver(1);
  EXPECT_EQ(settle(), "through 0 delivered 1 resolved 1");
  EXPECT_EQ(engine_.blocked_keys(), 1U);
  EXPECT_THAT(attempt({{2, "a"}}), ElementsAre("a[2,2]"));
  sink_.deliver_all();
  EXPECT_EQ(settle(), "through 0 delivered 2 held a[1,0]");
}

TEST_F(RelayEngineTest, AMessageThatFailsAfterALaterOneOfItsKeyBecomesTheHead) {
  sink_.refuse_if([](std::int64_t seq) { return seq == 8; });
  add(1, {{7, "a"}});
  add(2, {{8, "a"}, {9, "a"}});
  engine_.send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(7));
  sink_.reject(7);
  EXPECT_EQ(settle(), "through 2 failed 7x1 held a[8,9]");
  advance(100);
  EXPECT_THAT(due(), ElementsAre("a[7,7]"));
}

TEST_F(RelayEngineTest, AMessageSentBeforeALaterOneFailedIsSentAgainBeforeIt) {
  sink_.refuse_if([](std::int64_t seq) { return seq == 8; });
  add(1, {{7, "a"}, {8, "a"}});
  engine_.send();
  sink_.fail(7);
  take();
  advance(1'000);
  engine_.send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(7));
  sink_.deliver_all();
  EXPECT_EQ(settle(), "through 1 delivered 7 failed 8x1");
}

// Of key a, 1 has failed and the engine does not know it yet.
TEST_F(RelayEngineTest, ASinkThatTakesNoMoreIsNotAskedAgainBeforeItsDeliveriesAreTaken) {
  FakeSink sink{2};
  sink.stall_after_failures(true);
  ASSERT_TRUE(sink.connect(queue_));
  RelayEngine engine{options_, sink, policy_, clock_, observer_};
  engine.restart({{}, {{"a", 0, 1, 3}}});
  std::vector<HeldRange> ranges = engine.due_exceptions();
  engine.add_exceptions(std::move(ranges), make_batch(0, {{1, "a"}, {2, "a"}, {3, "a"}}));
  engine.add(make_batch(1, {{10, "b"}, {11, "b"}}));
  engine.send();
  EXPECT_THAT(sink.accepted_seqs(), ElementsAre(1, 2)) << "the attempt goes first";
  sink.deliver(1);
  engine.take(queue_.wait(milliseconds{0}));
  sink.fail(2);
  engine.send();
  EXPECT_THAT(sink.accepted_seqs(), IsEmpty());
}

TEST_F(RelayEngineTest, RestartResumesWhatTheSourceRemembers) {
  engine_.restart({{{1, 0, "a", 4, milliseconds{50}, "rejected"}}, {{"a", 0, 2, 3}}});
  engine_.add_due({});
  EXPECT_EQ(engine_.next_wakeup(), clock_.now() + milliseconds{50});
  add(1, {{4, "a"}});
  engine_.send();
  EXPECT_EQ(settle(), "through 1 held a[2,4]");
  advance(50);
  attempt({{1, "a"}});
  sink_.reject(1);
  EXPECT_EQ(settle(), "through 0 failed 1x5");
}

TEST_F(RelayEngineTest, DeliveriesOfAnEarlierConnectionAreIgnored) {
  add(1, {{1, "a"}, {2, "b"}});
  engine_.send();
  sink_.deliver(1);
  sink_.fail(2);
  engine_.restart({});
  EXPECT_EQ(engine_.in_flight(), 0U);
  add(1, {{1, "a"}, {2, "b"}});
  take_and_send();
  EXPECT_EQ(engine_.in_flight(), 2U);
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(1, 2)) << "not paused";
  EXPECT_THAT(observer_.events(), IsEmpty());
  sink_.deliver_all();
  EXPECT_EQ(settle(), "through 1 delivered 1 delivered 2");
}

TEST_F(RelayEngineTest, DeliveriesOfAnEarlierAttemptAreIgnored) {
  engine_.restart({{{1, 0, "a", 1, milliseconds{0}, "rejected"}}, {}});
  attempt({{1, "a"}});
  sink_.reject(1);
  engine_.restart({{{1, 0, "a", 1, milliseconds{0}, "rejected"}}, {}});
  attempt({{1, "a"}});
  take();
  EXPECT_EQ(engine_.in_flight(), 1U);
  sink_.deliver_all();
  EXPECT_EQ(settle(), "through 0 delivered 1 resolved 1");
}

}  // namespace
}  // namespace outbox
