#include "outbox-processor/rate.hpp"

#include <gtest/gtest.h>

namespace outbox {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RateTest : public testing::Test {
 protected:
  Rate rate_;
  const Rate::Clock::time_point start_{seconds{1'000}};
};

TEST_F(RateTest, CountsTheLastTenWholeSeconds) {
  EXPECT_EQ(rate_.per_second(start_), 0);
  rate_.add(30, start_);
  EXPECT_EQ(rate_.per_second(start_), 0);  // this second is not over
  EXPECT_EQ(rate_.per_second(start_ + seconds{1}), 3);
  rate_.add(20, start_ + seconds{5});
  EXPECT_EQ(rate_.per_second(start_ + seconds{10}), 5);
  EXPECT_EQ(rate_.per_second(start_ + seconds{11}), 2);
  EXPECT_EQ(rate_.per_second(start_ + seconds{16}), 0);
}

TEST_F(RateTest, ForgetsWhatIsOlderThanItsMemory) {
  rate_.add(10, start_);
  rate_.add(10, start_ + seconds{22});
  EXPECT_EQ(rate_.per_second(start_ + seconds{23}), 1);
  EXPECT_EQ(rate_.per_second(start_ + seconds{1'000}), 0);
}

TEST_F(RateTest, ASecondIsSummedUp) {
  for (int i = 0; i < 100; ++i) {
    rate_.add(2, start_ + milliseconds{10 * i});
  }
  EXPECT_EQ(rate_.per_second(start_ + seconds{1}), 20);
}

}  // namespace
}  // namespace outbox
