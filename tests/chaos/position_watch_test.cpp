#include "tests/chaos/position_watch.hpp"

#include <gtest/gtest.h>

namespace outbox::chaos {
namespace {

postgres_table::Snapshot snapshot(const std::string& text) {
  return postgres_table::Snapshot::parse(text).value();
}

ShardSample sample(std::int64_t epoch, const std::string& from) {
  return {3, epoch, epoch, snapshot(from)};
}

TEST(ChaosPositionWatch, a_position_that_sees_more_each_time_is_right) {
  PositionWatch watch;
  watch.look("start", {sample(1, "10:20:12,15")});
  watch.look("start", {sample(1, "15:30:15,22")});  // 12 has ended, 22 has begun
  watch.look("start", {sample(2, "15:30:15,22")});
  EXPECT_EQ(watch.regressions(), 0);
  EXPECT_EQ(watch.samples(), 3);
}

TEST(ChaosPositionWatch, a_transaction_that_was_done_and_no_longer_is_moves_the_position_back) {
  PositionWatch watch;
  watch.look("start", {sample(1, "10:20:12")});
  watch.look("start", {sample(1, "10:20:12,14")});
  EXPECT_EQ(watch.regressions(), 1);
}

TEST(ChaosPositionWatch, a_lower_end_moves_the_position_back) {
  PositionWatch watch;
  watch.look("start", {sample(1, "20:20:")});
  watch.look("start", {sample(1, "19:19:")});
  EXPECT_EQ(watch.regressions(), 1);
  EXPECT_EQ(watch.findings().size(), 1);
}

TEST(ChaosPositionWatch, an_epoch_that_falls_is_a_regression_also_over_a_crash) {
  PositionWatch watch;
  watch.look("start", {sample(5, "20:20:")});
  watch.look("restart", {sample(4, "20:20:")});
  EXPECT_EQ(watch.regressions(), 1);
}

// What was stored asynchronously right before the crash is gone, and sent again.
TEST(ChaosPositionWatch, a_crash_of_the_server_may_take_the_position_back) {
  PositionWatch watch;
  watch.look("start", {sample(5, "20:20:")});
  watch.look("restart", {sample(5, "18:18:")});
  watch.look("restart", {sample(5, "19:19:")});
  EXPECT_EQ(watch.regressions(), 0);
}

}  // namespace
}  // namespace outbox::chaos
