#include "outbox-processor/growth.hpp"

#include <gtest/gtest.h>

namespace outbox {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Growth::Clock::time_point kStart{seconds{1'000}};

TEST(Growth, IsMeasuredOverTheLastSeconds) {
  Growth growth;
  EXPECT_FALSE(growth.per_second(kStart));
  growth.look(100, kStart);
  EXPECT_FALSE(growth.per_second(kStart));
  growth.look(150, kStart + seconds{5});
  EXPECT_EQ(growth.per_second(kStart + seconds{5}), 10);
  growth.look(350, kStart + seconds{15});
  EXPECT_EQ(growth.per_second(kStart + seconds{20}), 20);
  EXPECT_FALSE(growth.per_second(kStart + seconds{31}));
}

TEST(Growth, LooksInQuickSuccessionCountAsOne) {
  Growth growth;
  for (int i = 0; i < 100; ++i)
    growth.look(i, kStart + milliseconds{10 * i});
  EXPECT_FALSE(growth.per_second(kStart + seconds{1}));
}

TEST(Growth, BeginsAnewWhenTheNumberDoes) {
  Growth growth;
  growth.look(1'000, kStart);
  growth.look(5, kStart + seconds{2});
  EXPECT_FALSE(growth.per_second(kStart + seconds{2}));
  growth.look(7, kStart + seconds{4});
  EXPECT_EQ(growth.per_second(kStart + seconds{4}), 1);
}

}  // namespace
}  // namespace outbox
