// What a relay does when it may not go on as before.
#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "core/testing/relay_fixture.hpp"

namespace outbox {
namespace {

using std::chrono::milliseconds;

class RelayStandingTest : public RelayTest {
 protected:
  [[nodiscard]] bool accepted(std::size_t messages) {
    return test::eventually([&] { return sink_.accepted().size() == messages; });
  }
};

TEST_F(RelayStandingTest, APausedRelaySendsNothingAndKeepsItsShards) {
  sink_.deliver_at_once(true);
  source_.model().pause(true);
  start();
  ASSERT_TRUE(test::eventually([&] { return source_.connected(); }));
  append(10);
  // Long enough for several turns.
  EXPECT_FALSE(test::eventually([&] { return sink_.arrived_count() > 0; }, milliseconds{600}));
  EXPECT_TRUE(source_.connected());
  source_.model().pause(false);
  ASSERT_TRUE(all_settled(10));
  EXPECT_TRUE(stop());
  EXPECT_EQ(source_.connects(), 1U);
}

TEST_F(RelayStandingTest, AChangeWhileItIsPausedSendsNothingMore) {
  sink_.set_capacity(5);
  append(20);
  start();
  ASSERT_TRUE(accepted(5)) << "of the first batch, half";
  source_.model().pause(true);
  source_.model().raise_revision();
  sink_.set_capacity(SIZE_MAX);
  EXPECT_FALSE(test::eventually([&] { return source_.connects() > 1; }, milliseconds{600}))
      << "what is in flight is waited for";
  sink_.deliver_all();
  ASSERT_TRUE(test::eventually([&] { return source_.connects() == 2; }));
  EXPECT_FALSE(test::eventually([&] { return sink_.arrived_count() > 5; }, milliseconds{600}));
  EXPECT_TRUE(sink_.accepted().empty());
  sink_.deliver_at_once(true);
  source_.model().pause(false);
  ASSERT_TRUE(all_settled(20));
  EXPECT_TRUE(stop());
}

TEST_F(RelayStandingTest, APausedRelayEndsWithoutWaitingForWhatItMayNotSend) {
  sink_.set_capacity(5);
  append(20);
  start();
  ASSERT_TRUE(accepted(5));
  source_.model().pause(true);
  sink_.set_capacity(SIZE_MAX);
  // Long enough for it to notice.
  EXPECT_FALSE(test::eventually([&] { return sink_.accepted().size() > 5; }, milliseconds{600}));
  sink_.deliver_all();
  const auto began = std::chrono::steady_clock::now();
  EXPECT_TRUE(stop());
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{5});
  EXPECT_EQ(sink_.arrived_count(), 5U);
}

TEST_F(RelayStandingTest, BeforeAChangeItSettlesWhatIsInFlightAndThenConnectsAgain) {
  append(5);
  start();
  ASSERT_TRUE(accepted(5));
  source_.model().raise_revision();
  EXPECT_FALSE(test::eventually([&] { return source_.connects() > 1; }, milliseconds{600}))
      << "what is in flight is waited for";
  sink_.deliver_all();
  ASSERT_TRUE(all_settled(5));
  ASSERT_TRUE(test::eventually([&] { return source_.connects() == 2; }));
  EXPECT_TRUE(stop());
  EXPECT_EQ(sink_.arrived_count(), 5U) << "each once";
}

TEST_F(RelayStandingTest, ARelayWhoseShardsWereTakenMarksNothing) {
  append(5);
  start();
  ASSERT_TRUE(accepted(5));
  source_.model().leave("relay");
  const OutboxModel::Fence other = source_.model().take("other", OutboxModel::kShards);
  sink_.deliver_all();
  ASSERT_TRUE(test::eventually([&] {
    const std::vector<std::string> events = observer_.events();
    return std::any_of(events.begin(), events.end(), [](const std::string& event) {
      return event.find("lease has run out") != std::string::npos;
    });
  }));
  EXPECT_EQ(source_.model().receipt_count(), 0U);
  sink_.deliver_at_once(true);
  source_.model().leave("other");
  ASSERT_TRUE(all_settled(5));
  EXPECT_TRUE(stop());
  EXPECT_NE(other.epoch, source_.fence().epoch);
}

TEST_F(RelayStandingTest, ARelayThatEndsGivesItsShardsUp) {
  sink_.deliver_at_once(true);
  append(3);
  start();
  ASSERT_TRUE(all_settled(3));
  EXPECT_EQ(source_.model().look("relay").own, OutboxModel::kShards);
  EXPECT_TRUE(stop());
  EXPECT_EQ(source_.model().look("relay").own, 0);
  EXPECT_EQ(source_.model().look("relay").free, OutboxModel::kShards);
}

TEST_F(RelayStandingTest, APoisonedMessageIsParkedAndGoesOutWhenItIsRedriven) {
  options_.engine.poison = {PoisonAction::park, 2};
  source_.model().expect_policy(options_.engine.poison);
  std::atomic<bool> poisoned{true};
  sink_.refuse_if([&](std::int64_t seq) { return seq == 1 && poisoned; });
  sink_.deliver_at_once(true);
  append(10);  // 2 of them of the key of 1
  start();
  ASSERT_TRUE(all_settled(8));
  ASSERT_TRUE(test::eventually([&] {
    const Exceptions exceptions = source_.model().exceptions();
    return exceptions.heads.size() == 1 && exceptions.heads[0].parked;
  }));
  poisoned = false;
  ASSERT_TRUE(source_.model().redrive(1));
  ASSERT_TRUE(all_settled(10));
  EXPECT_TRUE(stop());
}

}  // namespace
}  // namespace outbox
