#include "support/load/schedule.hpp"

#include <chrono>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outbox::load {
namespace {

TEST(ScheduleTest, NumbersAreDueAtTheRateWheneverTheyAreTaken) {
  Schedule schedule(100'000, 0.02, 0.01);
  schedule.begin();
  std::this_thread::sleep_for(std::chrono::milliseconds{50});  // nobody takes any
  EXPECT_EQ(schedule.due_us(1'001) - schedule.due_us(1), 10'000);
  EXPECT_EQ(schedule.take(), 1U);
  EXPECT_EQ(schedule.take(), 2U);
  EXPECT_EQ(schedule.first_measured(), 1'001U);
  EXPECT_EQ(schedule.messages(), 3'001U);
}

TEST(ScheduleTest, NoNumberComesBeforeItIsDue) {
  Schedule schedule(200, 0.02, 0);
  schedule.begin();
  std::size_t taken = 0;
  for (std::size_t number = schedule.take(); number < schedule.messages();
       number = schedule.take()) {
    EXPECT_GE(unix_us(), schedule.due_us(number));
    ++taken;
  }
  EXPECT_EQ(taken, schedule.messages() - 1);
}

TEST(PayloadTest, HasItsNumberAndItsSize) {
  const std::string payload = numbered_payload(42, 256);
  EXPECT_EQ(payload.size(), 256U);
  EXPECT_EQ(number_of(payload), 42U);
  EXPECT_EQ(number_of("{}"), std::nullopt);
}

TEST(MomentsTest, ADuplicateChangesNothing) {
  Moments moments(3);
  moments.set(1, 5'000);
  moments.set(1, 9'000);
  moments.set(7, 9'000);
  EXPECT_EQ(moments.at(1), 5'000);
  EXPECT_EQ(moments.count(), 1U);
}

TEST(MomentsTest, OnlyWhatIsMeasuredAndHasBothCounts) {
  const Schedule schedule(2, 1, 1);  // numbers 1 and 2 warm up, 3 and 4 are measured
  Moments from(schedule.messages());
  Moments to(schedule.messages());
  for (std::size_t i = 0; i < schedule.messages(); ++i)
    from.set(i, 1'000);
  to.set(1, 2'000);
  to.set(3, 4'500);
  EXPECT_THAT(differences(schedule, from, to), testing::ElementsAre(3.5));
}

TEST(MomentsTest, LatenessCountsFromWhenAMessageWasDue) {
  Schedule schedule(1'000, 0.002, 0);
  schedule.begin();
  Moments to(schedule.messages());
  to.set(2, schedule.due_us(2) + 1'500);
  EXPECT_THAT(lateness(schedule, to), testing::ElementsAre(1.5));
}

}  // namespace
}  // namespace outbox::load
