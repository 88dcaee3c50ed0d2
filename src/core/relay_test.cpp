#include "core/relay.hpp"

#include <algorithm>
#include <atomic>
#include <random>

#include <gmock/gmock.h>

#include "core/testing/relay_fixture.hpp"

namespace outbox {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Call = FakeSource::Call;

TEST_F(RelayTest, DeliversAndMarksWhatIsThereAndWhatComesLater) {
  sink_.deliver_at_once(true);
  append(100);
  start();
  ASSERT_TRUE(all_settled(100));
  append(50);
  ASSERT_TRUE(all_settled(150));
  EXPECT_TRUE(stop());
  EXPECT_EQ(sink_.arrived_count(), 150U) << "each once";
  EXPECT_TRUE(sink_.closed());
  EXPECT_FALSE(source_.connected());
}

TEST_F(RelayTest, GoesOnWithOneBatchAtATime) {
  options_.engine.max_batches = 1;
  sink_.deliver_at_once(true);
  append(35);
  start();
  ASSERT_TRUE(all_settled(35));
  EXPECT_TRUE(stop());
}

TEST_F(RelayTest, AStopDrainsWhatIsInFlight) {
  std::atomic<bool> reading_ended{false};
  source_.set_fault([&](Call call) -> std::optional<Error> {
    reading_ended = reading_ended || (call == Call::await_work && stop_.stop_requested());
    return std::nullopt;
  });
  append(5);
  start();
  ASSERT_TRUE(test::eventually([&] { return sink_.accepted().size() == 5; }));
  request_stop();
  ASSERT_TRUE(test::eventually([&] { return reading_ended.load(); }));
  sink_.deliver_all();
  EXPECT_TRUE(join());
  EXPECT_THAT(source_.model().receipts(), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_TRUE(sink_.closed());
  EXPECT_FALSE(source_.connected());
}

TEST_F(RelayTest, AStopDrainsThroughAFailureOfTheDestination) {
  append(5);
  start();
  ASSERT_TRUE(test::eventually([&] { return sink_.accepted().size() == 5; }));
  request_stop();
  sink_.deliver_at_once(true);
  for (const SeqAndKey& row : sink_.accepted()) {
    sink_.fail(row.seq);
  }
  EXPECT_TRUE(join());
  EXPECT_EQ(source_.model().receipt_count(), 5U);
}

TEST_F(RelayTest, ADrainEndsAtItsTimeoutAndTheNextRunDeliversTheRest) {
  options_.drain_timeout = milliseconds{30};
  append(5);
  start();
  ASSERT_TRUE(test::eventually([&] { return sink_.accepted().size() == 5; }));
  EXPECT_TRUE(stop());
  EXPECT_EQ(source_.model().receipt_count(), 0U);
  EXPECT_TRUE(sink_.closed());

  sink_.deliver_at_once(true);
  start();
  ASSERT_TRUE(all_settled(5));
  EXPECT_TRUE(stop());
}

TEST_F(RelayTest, AStopBeforeTheStartReturnsAtOnce) {
  stop_.request_stop();
  Relay relay{options_, source_, sink_, policy_, clock_, observer_};
  EXPECT_TRUE(relay.run(stop_.get_token()));
  EXPECT_EQ(source_.connects(), 0U);
}

TEST_F(RelayTest, AStopEndsTheWaitForAConnection) {
  options_.reconnect = {milliseconds{3'600'000}, milliseconds{3'600'000}};
  fail(Call::connect, 1'000);
  start();
  ASSERT_TRUE(test::eventually([&] { return !observer_.events().empty(); }));
  EXPECT_TRUE(stop());
  EXPECT_EQ(source_.connects(), 0U);
}

class RelayReconnectTest : public RelayTest, public ::testing::WithParamInterface<Call> {};

TEST_P(RelayReconnectTest, ASourceThatFailsIsConnectedAgainAndNothingIsLost) {
  std::atomic<bool> poisoned{true};
  sink_.refuse_if([&](std::int64_t seq) { return seq == 3 && poisoned; });
  sink_.deliver_at_once(true);
  fail(GetParam(), 3);
  append(40);
  start();
  ASSERT_TRUE(test::eventually([&] {
    const std::vector<std::string> events = observer_.events();
    return std::count(events.begin(), events.end(), "source lost: the database is away") == 3;
  }));
  poisoned = false;
  ASSERT_TRUE(all_settled(40));
  append(1);
  ASSERT_TRUE(all_settled(41));
  EXPECT_TRUE(stop());
  EXPECT_EQ(source_.connects(), GetParam() == Call::connect ? 1U : 4U);
}

INSTANTIATE_TEST_SUITE_P(Calls, RelayReconnectTest,
                         ::testing::Values(Call::connect, Call::claim, Call::await_work,
                                           Call::claim_exceptions, Call::settle, Call::settled));

TEST_F(RelayTest, WaitsForASourceThatAnotherRelayOwns) {
  sink_.deliver_at_once(true);
  fail(Call::connect, 5, ErrorCode::conflict);
  append(1);
  start();
  ASSERT_TRUE(all_settled(1));
  EXPECT_TRUE(stop());
}

class RelayPermanentErrorTest : public RelayTest,
                                public ::testing::WithParamInterface<ErrorCode> {};

TEST_P(RelayPermanentErrorTest, IsReturned) {
  fail(Call::connect, 1, GetParam());
  start();
  const Result<void> result = join();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, GetParam());
  EXPECT_TRUE(sink_.closed());
  EXPECT_FALSE(source_.connected());
}

TEST_P(RelayPermanentErrorTest, IsReturnedWhenItComesLater) {
  fail(Call::claim, 1, GetParam());
  start();
  const Result<void> result = join();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, GetParam());
  EXPECT_TRUE(sink_.closed());
  EXPECT_FALSE(source_.connected());
}

INSTANTIATE_TEST_SUITE_P(Codes, RelayPermanentErrorTest,
                         ::testing::Values(ErrorCode::wrong_history, ErrorCode::invalid_argument,
                                           ErrorCode::not_found));

TEST_F(RelayTest, AnErrorOfTheSinksSettingsIsReturned) {
  sink_.fail_connect(Error{ErrorCode::invalid_argument, "no such property"});
  start();
  const Result<void> result = join();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "no such property");
  EXPECT_EQ(source_.connects(), 0U);
}

TEST_F(RelayTest, ReadsNoMoreThanWindowAndReaderHoldWhileNothingIsDelivered) {
  append(2'000);
  start();
  // Three batches in the window, two ready, one in the reader's hand.
  ASSERT_TRUE(test::eventually([&] { return source_.unsettled_batches() == 6; }));
  ASSERT_TRUE(test::eventually([&] { return sink_.accepted().size() == 30; }));
  sink_.deliver(1);
  EXPECT_EQ(source_.unsettled_records(), 60U);
  sink_.deliver_at_once(true);
  sink_.deliver_all();
  ASSERT_TRUE(all_settled(2'000));
  EXPECT_TRUE(stop());
}

TEST_F(RelayTest, APoisonedMessageIsRetriedWhileOtherKeysGoOn) {
  std::atomic<bool> poisoned{true};
  sink_.refuse_if([&](std::int64_t seq) { return seq == 1 && poisoned; });
  sink_.deliver_at_once(true);
  append(100);  // 20 of them of the key of 1
  start();
  ASSERT_TRUE(all_settled(80));
  ASSERT_TRUE(test::eventually([&] {
    const std::vector<std::string> events = observer_.events();
    return std::count(events.begin(), events.end(), "rejected 1") >= 3;
  }));
  EXPECT_EQ(source_.model().receipt_count(), 80U);
  poisoned = false;
  ASSERT_TRUE(all_settled(100));
  EXPECT_TRUE(stop());
  EXPECT_THAT(source_.model().exceptions().heads, IsEmpty());
  EXPECT_THAT(source_.model().exceptions().held, IsEmpty());
}

TEST_F(RelayTest, TellsOfItsConnections) {
  fail(Call::connect, 1);
  start();
  ASSERT_TRUE(test::eventually([&] { return observer_.events().size() == 2; }));
  EXPECT_TRUE(stop());
  EXPECT_THAT(observer_.events(),
              ElementsAre("source lost: the database is away", "source connected"));
}

// Writers, a destination with a thread of its own, and a source that fails now and then.
TEST_F(RelayTest, LosesNothingAndKeepsTheOrderWhenEverythingFailsAtOnce) {
  constexpr int kRows = 1'500;
  std::atomic<bool> faults{true};
  source_.set_fault([&, random = std::minstd_rand{1}](Call) mutable -> std::optional<Error> {
    if (faults && random() % 200 == 0) {
      return Error{ErrorCode::source_unavailable, "the database is away"};
    }
    return std::nullopt;
  });
  start();
  std::jthread writers{[&] {
    for (int i = 0; i < kRows; i += 3) {
      append(3, 7);
      std::this_thread::yield();
    }
  }};
  const std::jthread destination{[&](const std::stop_token& done) {
    std::minstd_rand random{2};
    while (!done.stop_requested()) {
      const std::vector<SeqAndKey> accepted = sink_.accepted();
      if (accepted.empty()) {
        std::this_thread::yield();
        continue;
      }
      const std::int64_t seq = accepted.front().seq;
      const auto dice = faults ? random() % 40 : 39;
      if (dice == 0) {
        sink_.reject(seq);
      } else if (dice == 1) {
        sink_.fail(seq, random() % 2 == 0);
      } else {
        sink_.deliver(seq);
      }
    }
  }};
  writers.join();
  faults = false;
  ASSERT_TRUE(all_settled(kRows));
  EXPECT_TRUE(stop());
}

}  // namespace
}  // namespace outbox
