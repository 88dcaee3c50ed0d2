#include "core/key_gate.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/testing/records.hpp"

namespace outbox {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class KeyGateTest : public ::testing::Test {
 protected:
  static FailedHead head(std::int64_t seq, const std::string& key, int attempts = 1,
                         milliseconds due_in = milliseconds{100}) {
    return FailedHead{seq, 3, key, attempts, due_in, "too large"};
  }
  std::vector<std::string> begin(milliseconds at, std::size_t limit = 100) {
    return to_strings(gate_.begin_attempts(start_ + at, limit));
  }
  std::string waiting(const std::string& key) const {
    const SeqRange range = gate_.waiting(key);
    return range.empty() ? "nothing"
                         : std::to_string(range.from) + "-" + std::to_string(range.until);
  }

  KeyGate::time_point start_{std::chrono::hours{1}};
  KeyGate gate_{3};
};

TEST_F(KeyGateTest, AnUnknownKeyIsNotBlocked) {
  EXPECT_FALSE(gate_.blocks("a", 1));
  gate_.block(head(1, "a"), start_);
  EXPECT_FALSE(gate_.blocks("b", 2));
  EXPECT_FALSE(gate_.attempts("b"));
  EXPECT_EQ(waiting("b"), "nothing");
  EXPECT_FALSE(gate_.release_if_done("b"));
}

TEST_F(KeyGateTest, AFailedHeadBlocksItsKey) {
  gate_.block(head(5, "a", 4), start_);
  EXPECT_TRUE(gate_.blocks("a", 6));
  EXPECT_TRUE(gate_.blocks("a", 4));
  EXPECT_EQ(gate_.attempts("a"), 4);
  EXPECT_EQ(gate_.size(), 1U);
}

TEST_F(KeyGateTest, IsFullAtItsCapacity) {
  gate_.block(head(1, "a"), start_);
  gate_.block(head(2, "b"), start_);
  EXPECT_FALSE(gate_.full());
  gate_.block(head(3, "c"), start_);
  EXPECT_TRUE(gate_.full());
}

TEST_F(KeyGateTest, HeadsAreAttemptedInTheOrderOfTheirDueTimes) {
  gate_.block(head(1, "a", 1, milliseconds{300}), start_);
  gate_.block(head(2, "b", 1, milliseconds{100}), start_);
  gate_.block(head(3, "c", 1, milliseconds{200}), start_);
  EXPECT_EQ(gate_.next_due(), start_ + milliseconds{100});
  EXPECT_THAT(begin(milliseconds{99}), IsEmpty());
  EXPECT_THAT(begin(milliseconds{300}, 2), ElementsAre("b[2,2]", "c[3,3]"));
  EXPECT_EQ(gate_.next_due(), start_ + milliseconds{300});
  EXPECT_THAT(begin(milliseconds{300}), ElementsAre("a[1,1]"));
  EXPECT_EQ(gate_.next_due(), KeyGate::time_point::max());
}

TEST_F(KeyGateTest, TheShardComesBackWithTheRange) {
  gate_.block(head(1, "a"), start_);
  EXPECT_EQ(gate_.begin_attempts(start_ + milliseconds{100}, 1).at(0).shard, 3);
}

TEST_F(KeyGateTest, AKeyInAnAttemptIsNotAttemptedAgainUntilTheAttemptEnds) {
  gate_.block(head(1, "a"), start_);
  EXPECT_THAT(begin(milliseconds{100}), ElementsAre("a[1,1]"));
  EXPECT_THAT(begin(milliseconds{900}), IsEmpty());
  gate_.postpone("a", start_ + milliseconds{1'000});
  EXPECT_THAT(begin(milliseconds{999}), IsEmpty());
  EXPECT_THAT(begin(milliseconds{1'000}), ElementsAre("a[1,1]"));
}

TEST_F(KeyGateTest, AnUnsettledHeadBlocksButIsNotAttempted) {
  gate_.block_unsettled(head(5, "a"));
  EXPECT_TRUE(gate_.blocks("a", 5));
  EXPECT_TRUE(gate_.blocks("a", 6));
  EXPECT_EQ(gate_.size(), 1U);
  EXPECT_EQ(gate_.next_due(), KeyGate::time_point::max());
  EXPECT_THAT(begin(milliseconds{1'000'000}), IsEmpty());

  const std::optional<FailedHead> settled = gate_.settle_head("a", 5, start_);
  ASSERT_TRUE(settled);
  EXPECT_EQ(settled->seq, 5);
  EXPECT_EQ(settled->error, "too large");
  EXPECT_FALSE(gate_.settle_head("a", 5, start_)) << "stored once";
  EXPECT_EQ(gate_.attempts("a"), 1);
  EXPECT_THAT(begin(milliseconds{100}), ElementsAre("a[5,5]"));
}

TEST_F(KeyGateTest, AMessageBeforeAnUnsettledHeadMayGoAndReplacesItWhenItFails) {
  gate_.block_unsettled(head(8, "a"));
  EXPECT_FALSE(gate_.blocks("a", 7));
  gate_.block_unsettled(head(7, "a"));
  EXPECT_TRUE(gate_.blocks("a", 7));
  EXPECT_FALSE(gate_.settle_head("a", 8, start_)) << "8 waits behind 7";
  EXPECT_TRUE(gate_.settle_head("a", 7, start_));
  EXPECT_TRUE(gate_.blocks("a", 6)) << "once it is settled, everything waits";
}

TEST_F(KeyGateTest, WhatWaitsIsOneRangeThatGrows) {
  gate_.block(head(5, "a"), start_);
  EXPECT_EQ(waiting("a"), "nothing");
  gate_.wait_behind("a", 9);
  EXPECT_EQ(waiting("a"), "9-9");
  gate_.wait_behind("a", 12);
  EXPECT_EQ(waiting("a"), "9-12");
  gate_.wait_behind("a", 7);  // a writer that did not lock its key
  EXPECT_EQ(waiting("a"), "7-12");
}

TEST_F(KeyGateTest, AfterTheHeadComesWhatWaitsBehindIt) {
  gate_.block(head(5, "a"), start_);
  gate_.wait_behind("a", 9);
  EXPECT_THAT(begin(milliseconds{100}), ElementsAre("a[5,5]"));
  gate_.head_done("a", start_ + milliseconds{110});
  EXPECT_FALSE(gate_.release_if_done("a"));
  EXPECT_TRUE(gate_.blocks("a", 10));
  EXPECT_FALSE(gate_.attempts("a"));
  EXPECT_THAT(begin(milliseconds{110}), ElementsAre("a[9,9]"));
}

TEST_F(KeyGateTest, ARangeDeliveredInPartGoesOnWithTheRest) {
  gate_.restore({{}, {{"a", 3, 10, 20}}}, start_);
  EXPECT_THAT(begin(milliseconds{0}), ElementsAre("a[10,20]"));
  gate_.waiting_done_before("a", 15, start_ + milliseconds{50});
  EXPECT_EQ(waiting("a"), "15-20");
  EXPECT_FALSE(gate_.release_if_done("a"));
  EXPECT_EQ(gate_.next_due(), start_ + milliseconds{50});
  EXPECT_THAT(begin(milliseconds{50}), ElementsAre("a[15,20]"));
}

TEST_F(KeyGateTest, WhatIsAddedDuringAnAttemptWaitsForTheNext) {
  gate_.restore({{}, {{"a", 3, 10, 20}}}, start_);
  EXPECT_THAT(begin(milliseconds{0}), ElementsAre("a[10,20]"));
  gate_.wait_behind("a", 25);
  gate_.wait_behind("a", 27);
  EXPECT_EQ(waiting("a"), "10-27") << "to be stored, should the relay end now";
  gate_.waiting_done_before("a", 21, start_);
  EXPECT_EQ(waiting("a"), "25-27");
  EXPECT_FALSE(gate_.release_if_done("a"));
  EXPECT_THAT(begin(milliseconds{0}), ElementsAre("a[25,27]"));
  gate_.waiting_done_before("a", 28, start_);
  EXPECT_TRUE(gate_.release_if_done("a"));
}

TEST_F(KeyGateTest, WhatIsAddedDuringAnAttemptOnTheHeadStaysBehindANewHead) {
  gate_.block(head(5, "a"), start_);
  EXPECT_THAT(begin(milliseconds{100}), ElementsAre("a[5,5]"));
  gate_.wait_behind("a", 9);
  gate_.block(head(5, "a", 2), start_ + milliseconds{100});
  EXPECT_EQ(gate_.attempts("a"), 2);
  EXPECT_EQ(waiting("a"), "9-9");
  EXPECT_THAT(begin(milliseconds{200}), ElementsAre("a[5,5]"));
}

TEST_F(KeyGateTest, AKeyIsReleasedWhenNothingIsLeft) {
  gate_.block(head(5, "a"), start_);
  EXPECT_FALSE(gate_.release_if_done("a")) << "the head is left";
  EXPECT_THAT(begin(milliseconds{100}), ElementsAre("a[5,5]"));
  gate_.head_done("a", start_);
  EXPECT_TRUE(gate_.release_if_done("a"));
  EXPECT_FALSE(gate_.blocks("a", 6));
  EXPECT_EQ(gate_.size(), 0U);
  EXPECT_EQ(gate_.next_due(), KeyGate::time_point::max());
}

TEST_F(KeyGateTest, AnUnsettledHeadIsNotReleased) {
  gate_.block_unsettled(head(5, "a"));
  EXPECT_FALSE(gate_.release_if_done("a"));
}

TEST_F(KeyGateTest, RestoresHeadsWithTheirRangesAndDueTimes) {
  gate_.block(head(1, "z"), start_);
  gate_.restore({{head(5, "a", 7, milliseconds{40})}, {{"a", 3, 6, 9}}}, start_);
  EXPECT_FALSE(gate_.blocks("z", 2)) << "of an earlier connection";
  EXPECT_EQ(gate_.attempts("a"), 7);
  EXPECT_EQ(waiting("a"), "6-9");
  EXPECT_EQ(gate_.next_due(), start_ + milliseconds{40});
  EXPECT_THAT(begin(milliseconds{40}), ElementsAre("a[5,5]"));
}

TEST_F(KeyGateTest, ARestoredRangeWithoutAHeadIsDueAtOnce) {
  gate_.restore({{}, {{"a", 3, 6, 9}}}, start_);
  EXPECT_TRUE(gate_.blocks("a", 10));
  EXPECT_FALSE(gate_.attempts("a"));
  EXPECT_THAT(begin(milliseconds{0}), ElementsAre("a[6,9]"));
}

TEST_F(KeyGateTest, AParkedHeadIsNeverAttemptedAndItsKeyWaits) {
  FailedHead parked = head(5, "a", 20, milliseconds{0});
  parked.parked = true;
  gate_.restore({{parked}, {{"a", 3, 6, 9}}}, start_);
  EXPECT_TRUE(gate_.blocks("a", 10));
  EXPECT_THAT(begin(std::chrono::hours{1'000}), IsEmpty());
  EXPECT_EQ(gate_.next_due(), KeyGate::time_point::max());
  EXPECT_EQ(waiting("a"), "6-9");
}

TEST_F(KeyGateTest, AHeadThatIsParkedInAnAttemptKeepsWhatHasComeToWait) {
  gate_.block(head(5, "a"), start_);
  ASSERT_THAT(begin(milliseconds{100}), ElementsAre("a[5,5]"));
  gate_.wait_behind("a", 6);
  FailedHead parked = head(5, "a", 2);
  parked.parked = true;
  gate_.block(parked, start_);
  EXPECT_EQ(waiting("a"), "6-6");
  EXPECT_THAT(begin(std::chrono::hours{1}), IsEmpty());
  EXPECT_FALSE(gate_.release_if_done("a"));
}

TEST_F(KeyGateTest, WhatWaitsBehindASkippedHeadIsNext) {
  gate_.block_unsettled(head(5, "a"));
  ASSERT_TRUE(gate_.settle_head("a", 5, start_));
  gate_.head_done("a", start_);
  gate_.wait_behind("a", 6);
  EXPECT_THAT(begin(milliseconds{0}), ElementsAre("a[6,6]"));
}

TEST_F(KeyGateTest, WhatIsPostponedWithoutAnEndIsDueWhenItIsWoken) {
  gate_.block(head(1, "a", 0, milliseconds{0}), start_);
  gate_.block(head(2, "b"), start_);
  FailedHead parked = head(3, "c");
  parked.parked = true;
  gate_.block(parked, start_);
  gate_.postpone("a", KeyGate::time_point::max());
  EXPECT_THAT(begin(milliseconds{99}), IsEmpty());
  EXPECT_EQ(gate_.next_due(), start_ + milliseconds{100}) << "that of b";
  gate_.wake(start_ + milliseconds{50});
  EXPECT_THAT(begin(milliseconds{99}), ElementsAre("a[1,1]"));
  gate_.wake(start_);
  EXPECT_THAT(begin(milliseconds{1'000'000}), ElementsAre("b[2,2]")) << "an operator decides on c";
}

}  // namespace
}  // namespace outbox
