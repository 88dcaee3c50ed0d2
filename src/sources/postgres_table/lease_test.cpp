#include "sources/postgres_table/lease.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outbox::postgres_table {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr milliseconds kLease{1'000};
constexpr GroupView kAll{64, 64, 0, 1, false};

std::vector<std::string> owners(const std::vector<Member>& members) {
  std::vector<std::string> names;
  for (const Member& member : members) {
    names.push_back(member.owner);
  }
  return names;
}

TEST(QuotaTest, DividesAllShardsEvenly) {
  const std::vector<Member> members{{"a", 0}, {"b", 0}, {"c", 0}};
  EXPECT_EQ(quota_of("a", members, 64), 22);
  EXPECT_EQ(quota_of("b", members, 64), 21);
  EXPECT_EQ(quota_of("c", members, 64), 21);
  EXPECT_EQ(quota_of("a", {{"a", 0}}, 64), 64);
}

TEST(QuotaTest, DividesWhatMayBeRead) {
  const std::vector<Member> members{{"a", 0}, {"b", 0}};
  EXPECT_EQ(quota_of("a", members, 63), 32);
  EXPECT_EQ(quota_of("b", members, 63), 31);
  EXPECT_EQ(quota_of("b", members, 0), 0);
}

TEST(QuotaTest, WhatOperatorsWantCountsToTheShareAndMayExceedIt) {
  EXPECT_EQ(quota_of("a", {{"a", 0}, {"b", 0, 3}}, 64), 32);
  EXPECT_EQ(quota_of("b", {{"a", 0}, {"b", 0, 3}}, 64), 32);
  EXPECT_EQ(quota_of("b", {{"a", 0}, {"b", 0, 40}, {"c", 0}}, 64), 40);
  EXPECT_EQ(quota_of("c", {{"a", 0}, {"b", 0, 40}, {"c", 0}}, 64), 12);
  EXPECT_EQ(quota_of("a", {{"a", 0}, {"b", 0, 64}}, 64), 0);
}

class LeaseWatchTest : public ::testing::Test {
 protected:
  // Looks every 100 ms up to `until`, and gives who is dead at last.
  std::vector<std::string> look(const std::vector<Member>& members, milliseconds until) {
    std::vector<std::string> dead;
    for (; now_ <= until; now_ += milliseconds{100}) {
      dead = owners(watch_.dead(members, now_));
    }
    return dead;
  }

  milliseconds now_{0};
  LeaseWatch watch_{"me", kLease};
};

TEST_F(LeaseWatchTest, OneThatHasNotRenewedForALeaseIsDead) {
  EXPECT_THAT(look({{"me", 1}, {"other", 7}}, milliseconds{1'000}), IsEmpty());
  EXPECT_THAT(look({{"me", 1}, {"other", 7}}, milliseconds{1'100}), ElementsAre("other"));
}

TEST_F(LeaseWatchTest, ARenewalBeginsANewLease) {
  look({{"other", 7}}, milliseconds{900});
  look({{"other", 8}}, milliseconds{1'900});
  EXPECT_THAT(look({{"other", 8}}, milliseconds{2'000}), IsEmpty());
  EXPECT_THAT(look({{"other", 8}}, milliseconds{2'100}), ElementsAre("other"));
}

TEST_F(LeaseWatchTest, WhoCouldNotLookBlamesNobody) {
  look({{"other", 7}}, milliseconds{900});
  now_ += milliseconds{5'000};  // frozen
  EXPECT_THAT(owners(watch_.dead({{"other", 7}}, now_)), IsEmpty());
}

class HeldLeaseTest : public ::testing::Test {
 protected:
  void SetUp() override {
    lease_.hold(64, 1, false);
    lease_.judge(kAll, lease_.changes());
    lease_.renewed(nanoseconds{0});
  }
  Standing judged(const GroupView& view) {
    lease_.judge(view, lease_.changes());
    return lease_.standing(milliseconds{1});
  }

  HeldLease lease_{kLease};
};

TEST_F(HeldLeaseTest, EndsBeforeAClockThatRunsFasterCouldEndIt) {
  EXPECT_EQ(lease_.standing(milliseconds{949}), Standing::owner);
  EXPECT_EQ(lease_.standing(milliseconds{950}), Standing::lost);
}

TEST_F(HeldLeaseTest, ShardsThatAreGoneAreLostUntilItHoldsSomeAgain) {
  EXPECT_EQ(judged({64, 63, 0, 1, false}), Standing::lost);
  EXPECT_EQ(judged(kAll), Standing::lost);
  lease_.hold(63, 1, false);
  EXPECT_EQ(lease_.standing(milliseconds{1}), Standing::owner);
}

TEST_F(HeldLeaseTest, AnotherShareOrRevisionIsAChange) {
  EXPECT_EQ(judged({32, 64, 0, 1, false}), Standing::changing);
  EXPECT_EQ(judged({64, 64, 0, 2, false}), Standing::changing);
  EXPECT_EQ(judged(kAll), Standing::owner);
}

TEST_F(HeldLeaseTest, WhatOperatorsWantOfItsShardsIsAChange) {
  GroupView view = kAll;
  view.unwanted = 1;
  EXPECT_EQ(judged(view), Standing::changing);
  view.unwanted = 0;
  view.awaited = 1;
  EXPECT_EQ(judged(view), Standing::changing);
}

TEST_F(HeldLeaseTest, IsPausedByAnOperator) {
  EXPECT_EQ(judged({64, 64, 0, 1, true}), Standing::paused);
  EXPECT_EQ(judged(kAll), Standing::owner);
}

TEST_F(HeldLeaseTest, IsPausedFromTheStartWhereItsShardsWereTakenSo) {
  lease_.hold(64, 1, true);
  EXPECT_EQ(lease_.standing(milliseconds{1}), Standing::paused) << "before the next look";
  EXPECT_EQ(judged(kAll), Standing::owner);
}

TEST_F(HeldLeaseTest, AChangeDoesNotEndAPause) {
  EXPECT_EQ(judged({32, 64, 0, 1, true}), Standing::paused_changing);
  EXPECT_EQ(judged({64, 64, 0, 2, true}), Standing::paused_changing);
  EXPECT_EQ(judged({64, 63, 0, 1, true}), Standing::lost);
}

TEST_F(HeldLeaseTest, ALookFromBeforeItHeldItsShardsSaysNothing) {
  const std::uint64_t before = lease_.changes();
  lease_.hold(10, 1, false);
  lease_.judge({64, 0, 64, 1, false}, before);
  EXPECT_EQ(lease_.standing(milliseconds{1}), Standing::owner);
}

}  // namespace
}  // namespace outbox::postgres_table
