// What the engine does when the destination itself fails.
#include <gmock/gmock.h>

#include "core/testing/engine_fixture.hpp"

namespace outbox {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RelayEngineDestinationTest : public EngineTest {
 protected:
  // The pause is a random part of a second.
  void wait_for_the_pause() { advance(1'000); }
  milliseconds pause() { return pause_of(engine_); }
  milliseconds pause_of(const RelayEngine& engine) {
    return std::chrono::duration_cast<milliseconds>(engine.next_wakeup() - clock_.now());
  }
  milliseconds pause_after_failing_the_first(RelayEngine& engine) {
    sink_.fail(1);
    engine.take(queue_.wait(milliseconds{0}));
    return pause_of(engine);
  }
  static EngineOptions growing_pauses() {
    EngineOptions options = small_options();
    options.destination_backoff = {milliseconds{10}, milliseconds{1'000'000}};
    return options;
  }
};

TEST_F(RelayEngineDestinationTest, NothingIsSentUntilEverythingInFlightHasComeBack) {
  add(1, {{1, "a"}, {2, "b"}, {3, "c"}});
  engine_.send();
  sink_.fail(2);
  add(2, {{4, "b"}, {5, "d"}});
  take_and_send();
  wait_for_the_pause();
  engine_.send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(1, 3));
  EXPECT_EQ(engine_.next_wakeup(), RelayEngine::time_point::max()) << "only a delivery helps";
  sink_.deliver(1);
  take_and_send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(3));
  sink_.deliver(3);
  take_and_send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(2, 4, 5)) << "oldest first";
}

TEST_F(RelayEngineDestinationTest, NothingIsSentUntilThePauseHasPassed) {
  add(1, {{1, "a"}});
  engine_.send();
  sink_.fail(1);
  take_and_send();
  const milliseconds rest = pause();
  ASSERT_GT(rest, milliseconds{1}) << "the seed gives a pause";
  ASSERT_LE(rest, milliseconds{1'000});
  clock_.advance(rest - milliseconds{1});
  engine_.send();
  EXPECT_THAT(sink_.accepted_seqs(), IsEmpty());
  clock_.advance(milliseconds{1});
  engine_.send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(1));
}

TEST_F(RelayEngineDestinationTest, ABurstOfFailuresIsOneFailureAndKeepsTheFirstPause) {
  add(1, {{1, "a"}, {2, "b"}});
  engine_.send();
  sink_.fail(1);
  take_and_send();
  sink_.fail(2);
  clock_.advance(milliseconds{1});
  take_and_send();
  EXPECT_THAT(observer_.events(), ElementsAre("destination failed"));
  wait_for_the_pause();
  engine_.send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(1, 2));
}

TEST_F(RelayEngineDestinationTest, WhatFailsAgainIsSentAgainAndNeverBecomesAnException) {
  add(1, {{1, "a"}, {2, "a"}});
  for (int i = 0; i < 20; ++i) {
    engine_.send();
    ASSERT_THAT(sink_.accepted_seqs(), ElementsAre(1, 2));
    sink_.fail(1);
    ASSERT_EQ(settle(), "nothing");
    wait_for_the_pause();
  }
  engine_.send();
  sink_.deliver_all();
  EXPECT_EQ(settle(), "through 1 delivered 1 delivered 2");
}

TEST_F(RelayEngineDestinationTest, WhatWasAcknowledgedIsSettledDuringAPause) {
  add(1, {{1, "a"}});
  add(2, {{2, "b"}});
  engine_.send();
  sink_.deliver(1);
  sink_.fail(2);
  EXPECT_EQ(settle(), "through 1 delivered 1");
}

TEST_F(RelayEngineDestinationTest, ExceptionsAreNotAttemptedDuringAPause) {
  engine_.restart({{{1, 0, "a", 1, milliseconds{10}, "rejected"}}, {}});
  add(1, {{2, "b"}});
  engine_.send();
  sink_.fail(2);
  take_and_send();
  advance(10);
  EXPECT_THAT(due(), IsEmpty());
  wait_for_the_pause();
  engine_.send();
  EXPECT_THAT(due(), ElementsAre("a[1,1]"));
}

TEST_F(RelayEngineDestinationTest, AnAttemptThatMeetsTheFailureIsMadeAgainAfterThePause) {
  engine_.restart({{{1, 0, "a", 4, milliseconds{0}, "rejected"}}, {}});
  add(1, {{2, "b"}});
  attempt({{1, "a"}});
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(1, 2));
  EXPECT_EQ(engine_.in_flight(), 2U);
  sink_.fail(1);
  take_and_send();
  EXPECT_EQ(settle(), "nothing");
  wait_for_the_pause();
  engine_.send();
  EXPECT_THAT(due(), IsEmpty()) << "2 is still in flight";
  sink_.deliver(2);
  EXPECT_EQ(settle(), "through 1 delivered 2");
  engine_.send();
  EXPECT_THAT(attempt({{1, "a"}}), ElementsAre("a[1,1]"));
  sink_.deliver_all();
  EXPECT_EQ(settle(), "through 0 delivered 1 resolved 1");
}

TEST_F(RelayEngineDestinationTest, TheWindowWaitsForAnAttemptInFlight) {
  engine_.restart({{{1, 0, "a", 4, milliseconds{0}, "rejected"}}, {}});
  add(1, {{2, "b"}});
  attempt({{1, "a"}});
  sink_.fail(2);
  take_and_send();
  wait_for_the_pause();
  engine_.send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(1));
  sink_.deliver(1);
  take_and_send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(2));
}

TEST_F(RelayEngineDestinationTest, PausesGrowWithFailuresInARowAndShrinkAfterADelivery) {
  RelayEngine engine{growing_pauses(), sink_, policy_, clock_, observer_};
  engine.restart({});
  engine.add(make_batch(1, {{1, "a"}}));
  const auto fail_once = [&] {
    engine.send();
    const milliseconds rest = pause_after_failing_the_first(engine);
    clock_.advance(rest);
    return rest;
  };
  milliseconds longest{0};
  for (int i = 0; i < 14; ++i) {
    longest = std::max(longest, fail_once());
  }
  EXPECT_GT(longest, milliseconds{1'000});
  engine.send();
  sink_.deliver(1);
  engine.take(queue_.wait(milliseconds{0}));
  ASSERT_TRUE(engine.next_settlement());
  engine.add(make_batch(2, {{1, "a"}}));
  EXPECT_LE(fail_once(), milliseconds{10});
}

TEST_F(RelayEngineDestinationTest, WhatIsTakenBackWithARefusedMessageGoesAgainAtOnce) {
  add(1, {{1, "a"}, {2, "b"}});
  engine_.send();
  sink_.reject(1);
  sink_.fail(2);
  take_and_send();
  EXPECT_THAT(sink_.accepted_seqs(), ElementsAre(2));
  sink_.fail(2);
  take_and_send();
  EXPECT_THAT(sink_.accepted_seqs(), IsEmpty()) << "this time nothing was refused";
}

TEST_F(RelayEngineDestinationTest, PausesStayShortWhileTheDestinationRefusesMessages) {
  RelayEngine engine{growing_pauses(), sink_, policy_, clock_, observer_};
  engine.restart({});
  engine.add(make_batch(1, {{1, "innocent"}}));
  const auto fail_the_innocent = [&] {
    const milliseconds rest = pause_after_failing_the_first(engine);
    clock_.advance(milliseconds{1'000'000});
    engine.send();
    return rest;
  };
  milliseconds longest{0};
  for (std::int64_t seq = 2; seq <= 15; ++seq) {
    engine.add(make_batch(static_cast<std::uint64_t>(seq), {{seq, "key " + std::to_string(seq)}}));
    engine.send();
    sink_.reject(seq);
    longest = std::max(longest, fail_the_innocent());
    longest = std::max(longest, fail_the_innocent());
  }
  EXPECT_LE(longest, milliseconds{10});
}

}  // namespace
}  // namespace outbox
