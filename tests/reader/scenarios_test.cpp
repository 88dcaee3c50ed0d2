// The reader comes through every interleaving.
#include "tests/reader/scenarios.hpp"

#include <array>
#include <memory>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "tests/reader/source_reader.hpp"

namespace outbox::test {
namespace {

class ReaderTest : public testing::TestWithParam<Scenario> {};

INSTANTIATE_TEST_SUITE_P(PostgresTable, ReaderTest, testing::ValuesIn(all_scenarios()),
                         [](const auto& scenario) { return scenario.param.name; });

TEST_P(ReaderTest, LosesSwapsAndDelaysNothing) {
  EXPECT_EQ(verdict_of(make_source_reader, GetParam().name), Verdict{});
}

TEST_P(ReaderTest, LosesSwapsAndDelaysNothingOfTheLog) {
  EXPECT_EQ(verdict_of(make_log_reader, GetParam().name), Verdict{});
}

// Interleavings that nobody thought of: six writers do what chance says, one step at a time, and
// the reader looks in between and connects anew.
class RandomSteps {
 public:
  explicit RandomSteps(unsigned seed) : random_(seed) {
    for (Hand& hand : hands_) {
      hand.writer = std::make_unique<Writer>(trial_);
    }
  }

  void step() {
    if (chance(5) == 0) {
      trial_.read();
    } else if (chance(60) == 0) {
      dynamic_cast<SourceReader&>(trial_.reader()).reconnect();
    } else {
      move(hands_[static_cast<std::size_t>(chance(kHands))]);
    }
  }

  Verdict finish() {
    trial_.read();
    trial_.expect_no_delay();
    return trial_.finish();
  }

 private:
  static constexpr int kHands = 6;
  struct Hand {
    std::unique_ptr<Writer> writer;
    bool open = false;
    std::set<int> locked;
  };

  int chance(int of) { return std::uniform_int_distribution<int>{0, of - 1}(random_); }

  void move(Hand& hand) {
    if (!hand.open) {
      hand.writer->begin();
      hand.open = true;
      if (chance(2) == 0) {
        hand.writer->take_xid();
      }
    } else if (chance(3) > 0) {
      write(hand, chance(8));
    } else {
      chance(4) == 0 ? hand.writer->rollback() : hand.writer->commit();
      hand.open = false;
      hand.locked.clear();
    }
  }

  // One thread moves them all, so none may wait for another's lock.
  void write(Hand& hand, int key) {
    for (const Hand& other : hands_) {
      if (&other != &hand && other.locked.contains(key)) {
        return;
      }
    }
    hand.writer->write(key_name(key));
    hand.locked.insert(key);
  }

  std::mt19937 random_;
  Trial trial_{make_source_reader};
  std::array<Hand, kHands> hands_;
};

TEST(ReaderInterleavingTest, ChanceFindsNothing) {
  for (const unsigned seed : {1U, 2U, 3U}) {
    RandomSteps steps{seed};
    for (int i = 0; i < 600; ++i) {
      steps.step();
    }
    EXPECT_EQ(steps.finish(), Verdict{}) << "seed " << seed;
  }
}

}  // namespace
}  // namespace outbox::test
