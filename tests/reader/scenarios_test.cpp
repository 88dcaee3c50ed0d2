// The right reader comes through every interleaving, and the wrong ones are caught by the same.
#include "tests/reader/scenarios.hpp"

#include <random>

#include <gtest/gtest.h>

#include "tests/reader/mutants/mutants.hpp"
#include "tests/reader/source_reader.hpp"

namespace outbox::test {
namespace {

class ReaderTest : public testing::TestWithParam<Scenario> {};

INSTANTIATE_TEST_SUITE_P(PostgresTable, ReaderTest, testing::ValuesIn(all_scenarios()),
                         [](const auto& scenario) { return scenario.param.name; });

TEST_P(ReaderTest, LosesSwapsAndDelaysNothing) {
  EXPECT_EQ(verdict_of(make_source_reader, GetParam().name), Verdict{});
}

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

// Interleavings that nobody thought of: six writers do what chance says, one step at a time, and
// the reader looks in between and connects anew.
TEST(ReaderInterleavingTest, ChanceFindsNothing) {
  for (const unsigned seed : {1U, 2U, 3U}) {
    std::mt19937 random{seed};
    const auto chance = [&](int of) {
      return std::uniform_int_distribution<int>{0, of - 1}(random);
    };
    Trial trial{make_source_reader};
    struct Hand {
      std::unique_ptr<Writer> writer;
      bool open = false;
      std::vector<int> keys;  // locked
    };
    std::vector<Hand> hands(6);
    for (Hand& hand : hands) {
      hand.writer = std::make_unique<Writer>(trial);
    }
    const auto locked_by_another = [&](const Hand& self, int key) {
      for (const Hand& hand : hands) {
        if (&hand != &self && std::count(hand.keys.begin(), hand.keys.end(), key) > 0) {
          return true;
        }
      }
      return false;
    };
    for (int step = 0; step < 600; ++step) {
      Hand& hand = hands[static_cast<std::size_t>(chance(6))];
      const int key = chance(8);
      if (chance(5) == 0) {
        trial.read();
      } else if (chance(60) == 0) {
        dynamic_cast<SourceReader&>(trial.reader()).reconnect();
      } else if (!hand.open) {
        hand.writer->begin();
        hand.open = true;
        if (chance(2) == 0) {
          hand.writer->take_xid();
        }
      } else if (chance(3) > 0) {
        if (!locked_by_another(hand, key)) {
          hand.writer->write(key_name(key));
          hand.keys.push_back(key);
        }
      } else {
        if (chance(4) == 0) {
          hand.writer->rollback();
        } else {
          hand.writer->commit();
        }
        hand.open = false;
        hand.keys.clear();
      }
    }
    trial.read();
    trial.expect_no_delay();
    EXPECT_EQ(trial.finish(), Verdict{}) << "seed " << seed;
  }
}

}  // namespace
}  // namespace outbox::test
