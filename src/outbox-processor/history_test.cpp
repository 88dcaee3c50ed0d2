#include "outbox-processor/history.hpp"

#include <gtest/gtest.h>

namespace outbox {
namespace {

TEST(History, KeepsTheLastHour) {
  History history;
  EXPECT_TRUE(history.last(60).empty());
  for (int i = 0; i < 400; ++i) {
    HistoryPoint point;
    point.at_us = i;
    history.add(point);
  }
  const auto hour = history.last(60);
  ASSERT_EQ(hour.size(), 360U);
  EXPECT_EQ(hour.front().at_us, 40);
  EXPECT_EQ(hour.back().at_us, 399);
}

TEST(History, GivesTheLastMinutesThatAreAskedFor) {
  History history;
  for (int i = 0; i < 20; ++i) {
    HistoryPoint point;
    point.at_us = i;
    history.add(point);
  }
  const auto two = history.last(2);
  ASSERT_EQ(two.size(), 12U);
  EXPECT_EQ(two.front().at_us, 8);
  EXPECT_EQ(history.last(60).size(), 20U);
}

}  // namespace
}  // namespace outbox
