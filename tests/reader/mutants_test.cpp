// The wrong readers are caught by the interleavings that the right one comes through. They run
// alone: a transaction of another test, in another database, would delay the xmin cursor as well.
#include "tests/reader/mutants/mutants.hpp"

#include <gtest/gtest.h>

#include "tests/reader/scenarios.hpp"

namespace outbox::test {
namespace {

TEST(MutantTest, SeqCursorLosesALowerSeqThatCommitsLater) {
  EXPECT_EQ(verdict_of(make_seq_cursor, "LowerSeqCommitsLater").lost, 1);
  EXPECT_GT(verdict_of(make_seq_cursor, "PreparedTransaction").lost, 0);
  EXPECT_GT(verdict_of(make_seq_cursor, "LongTransactionAmongShortOnes").lost, 0);
}

TEST(MutantTest, XminCursorSwapsWhenAnXidIsOlderThanItsLock) {
  const Verdict verdict = verdict_of(make_xmin_cursor, "XidBeforeTheLock");
  EXPECT_EQ(verdict.swapped, 1);
  EXPECT_EQ(verdict.lost, 0);
}

TEST(MutantTest, XminCursorIsDelayedByStrangers) {
  for (const char* scenario : {"XidHeldInAnotherDatabase", "PreparedTransaction",
                               "RolledBackSavepointInAnOpenTransaction", "LowerSeqCommitsLater"}) {
    EXPECT_GT(verdict_of(make_xmin_cursor, scenario).delayed, 0) << scenario;
  }
}

TEST(MutantTest, SkipLockedSwapsMessagesOfAKey) {
  const Verdict verdict = verdict_of(make_skip_locked, "OneKeyAgainAndAgain");
  EXPECT_GT(verdict.swapped, 0);
  EXPECT_EQ(verdict.lost, 0);
}

}  // namespace
}  // namespace outbox::test
