#include "sinks/kafka/isolation.hpp"

#include <array>

#include <gtest/gtest.h>

namespace outbox::kafka {
namespace {

constexpr std::array<std::int64_t, 2> kTwo{7, 8};

TEST(Isolation, SendsOneByOneUntilEachSuspectHasItsOutcome) {
  Isolation isolation;
  EXPECT_FALSE(isolation.solo());
  isolation.batch_refused(kTwo, 1'000, false, 1'000);
  isolation.settled(7, false);
  isolation.settled(9, false);  // not of the batch
  EXPECT_TRUE(isolation.solo());
  isolation.settled(8, false);
  EXPECT_FALSE(isolation.solo());
  EXPECT_EQ(isolation.batch_bytes(), std::nullopt);
}

TEST(Isolation, AwaitsTheSuspectsOfBothBatchesThatWereRefused) {
  Isolation isolation;
  isolation.batch_refused(kTwo, 1'000, false, 1'000);
  constexpr std::array<std::int64_t, 2> kOthers{17, 18};
  isolation.batch_refused(kOthers, 1'000, false, 900);
  for (const std::int64_t seq : {7, 8, 17}) {
    isolation.settled(seq, false);
    EXPECT_TRUE(isolation.solo());
  }
  isolation.settled(18, false);
  EXPECT_FALSE(isolation.solo());
}

// Its key may wait behind another message that was refused.
TEST(Isolation, AwaitsASuspectThatStaysAwayForNoMoreThanWhatWasOutstanding) {
  Isolation isolation;
  isolation.batch_refused(kTwo, 1'000, false, 3);
  for (const std::int64_t seq : {7, 9, 10}) {
    EXPECT_TRUE(isolation.solo());
    isolation.settled(seq, false);
  }
  EXPECT_FALSE(isolation.solo());
  constexpr std::array<std::int64_t, 2> kOthers{17, 18};
  isolation.batch_refused(kOthers, 1'000, false, 1'000);
  isolation.settled(17, false);
  isolation.settled(18, false);
  EXPECT_FALSE(isolation.solo());
}

TEST(Isolation, LeavesBatchesAloneWhenAMessageWasAtFault) {
  Isolation isolation;
  isolation.batch_refused(kTwo, 10'000, true, 2);
  isolation.settled(7, true);
  isolation.settled(8, false);
  EXPECT_FALSE(isolation.solo());
  EXPECT_EQ(isolation.batch_bytes(), std::nullopt);
}

TEST(Isolation, HalvesBatchesWhenNoMessageWasTooLargeByItself) {
  Isolation isolation;
  isolation.batch_refused(kTwo, 10'000, true, 2);
  isolation.settled(7, false);
  isolation.settled(8, false);
  EXPECT_EQ(isolation.batch_bytes(), 5'000U);
  isolation.batch_refused(kTwo, 600, true, 2);
  isolation.settled(7, false);
  isolation.settled(8, false);
  EXPECT_EQ(isolation.batch_bytes(), 512U);  // and no smaller
}

TEST(Isolation, ForgetsAnEarlierFinding) {
  Isolation isolation;
  for (const bool found : {true, false}) {
    isolation.batch_refused(kTwo, 10'000, true, 2);
    isolation.settled(7, found);
    isolation.settled(8, false);
  }
  EXPECT_EQ(isolation.batch_bytes(), 5'000U);
}

TEST(Isolation, CountsNothingOutsideOfAnInvestigation) {
  Isolation isolation;
  isolation.settled(7, true);
  EXPECT_FALSE(isolation.solo());
}

}  // namespace
}  // namespace outbox::kafka
