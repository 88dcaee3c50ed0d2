#include "sinks/kafka/isolation.hpp"

#include <gtest/gtest.h>

namespace outbox::kafka {
namespace {

TEST(Isolation, SendsOneByOneUntilEachOutstandingMessageHasItsOutcome) {
  Isolation isolation;
  EXPECT_FALSE(isolation.solo());
  isolation.batch_refused(1'000, false, 3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(isolation.solo());
    isolation.settled(false);
  }
  EXPECT_FALSE(isolation.solo());
  EXPECT_EQ(isolation.batch_bytes(), std::nullopt);
}

TEST(Isolation, LeavesBatchesAloneWhenAMessageWasAtFault) {
  Isolation isolation;
  isolation.batch_refused(10'000, true, 2);
  isolation.settled(true);
  isolation.settled(false);
  EXPECT_FALSE(isolation.solo());
  EXPECT_EQ(isolation.batch_bytes(), std::nullopt);
}

TEST(Isolation, HalvesBatchesWhenNoMessageWasTooLargeByItself) {
  Isolation isolation;
  isolation.batch_refused(10'000, true, 2);
  isolation.settled(false);
  isolation.settled(false);
  EXPECT_EQ(isolation.batch_bytes(), 5'000U);
  isolation.batch_refused(600, true, 1);
  isolation.settled(false);
  EXPECT_EQ(isolation.batch_bytes(), 512U);  // and no smaller
}

TEST(Isolation, ForgetsAnEarlierFinding) {
  Isolation isolation;
  isolation.batch_refused(10'000, true, 1);
  isolation.settled(true);
  isolation.batch_refused(10'000, true, 1);
  isolation.settled(false);
  EXPECT_EQ(isolation.batch_bytes(), 5'000U);
}

TEST(Isolation, CountsNothingOutsideOfAnInvestigation) {
  Isolation isolation;
  isolation.settled(true);
  EXPECT_FALSE(isolation.solo());
}

}  // namespace
}  // namespace outbox::kafka
