#include "outbox-processor/renewals.hpp"

#include <gtest/gtest.h>

namespace outbox {
namespace {

using std::chrono::seconds;

class RenewalsTest : public testing::Test {
 protected:
  void after(seconds time, const Renewals::Counters& counters) {
    now_ += time;
    renewals_.look(counters, now_);
  }
  // Seconds; -1: nothing.
  [[nodiscard]] double since(const char* relay) const {
    const auto since = renewals_.since_last(relay, seconds{10}, now_);
    return since ? std::chrono::duration<double>(*since).count() : -1;
  }

  Renewals renewals_;
  Renewals::Clock::time_point now_ = Renewals::Clock::now();
};

TEST_F(RenewalsTest, TellsHowLongAgoTheCounterMoved) {
  EXPECT_EQ(since("a"), -1);
  after(seconds{0}, {{"a", 1}, {"b", 1}});
  EXPECT_EQ(since("a"), -1) << "at first sight";
  after(seconds{1}, {{"a", 3}, {"b", 2}});
  EXPECT_EQ(since("a"), 0);
  after(seconds{1}, {{"a", 5}, {"b", 2}});
  after(seconds{2}, {{"a", 6}, {"b", 2}});
  EXPECT_EQ(since("a"), 0);
  EXPECT_EQ(since("b"), 3);
  after(seconds{1}, {{"a", 7}});
  EXPECT_EQ(since("b"), -1) << "it has left";
}

TEST_F(RenewalsTest, OneThatNeverMovedIsToldAfterALease) {
  for (int i = 0; i < 10; ++i) {
    after(seconds{1}, {{"a", 1}});
    EXPECT_EQ(since("a"), -1) << i;
  }
  after(seconds{1}, {{"a", 1}});
  EXPECT_EQ(since("a"), 10);
}

TEST_F(RenewalsTest, WhatChangedWhileNobodyLookedIsNotTold) {
  after(seconds{0}, {{"a", 1}});
  after(seconds{1}, {{"a", 2}});
  now_ += seconds{60};
  EXPECT_EQ(since("a"), -1) << "nobody looks";
  after(seconds{0}, {{"a", 90}});
  EXPECT_EQ(since("a"), -1);
  after(seconds{1}, {{"a", 91}});
  EXPECT_EQ(since("a"), 0);
}

}  // namespace
}  // namespace outbox
