#include "outbox-processor/operations.hpp"

#include <atomic>
#include <stdexcept>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/eventually.hpp"

namespace outbox {
namespace {

using test::eventually;
using testing::HasSubstr;
using State = Operation::State;

class OperationsTest : public testing::Test {
 protected:
  [[nodiscard]] Operation get(const std::string& id) const {
    return operations_.find(id).value_or(Operation{});
  }
  [[nodiscard]] bool becomes(const std::string& id, State state) const {
    return eventually([&] { return get(id).state == state; });
  }
  // Deals with one message after the other until it is cancelled.
  Result<Operation> start_endless() {
    return operations_.start("replay", "alice", 0, [](Operations::Progress& progress) {
      for (std::size_t done = 1; progress.reached(done, 0); ++done)
        std::this_thread::yield();
      return Result<void>{};
    });
  }

  Operations operations_;
};

TEST_F(OperationsTest, TellsHowFarOneIs) {
  std::atomic<bool> go_on = false;
  const auto begun = operations_.start("retry", "alice", 10, [&](Operations::Progress& progress) {
    EXPECT_TRUE(progress.reached(4, 3));
    while (!go_on)
      std::this_thread::yield();
    EXPECT_TRUE(progress.reached(10, 8));
    return Result<void>{};
  });
  ASSERT_TRUE(begun);
  EXPECT_EQ(begun->kind, "retry");
  EXPECT_EQ(begun->actor, "alice");
  EXPECT_EQ(begun->state, State::running);
  EXPECT_TRUE(eventually([&] { return get(begun->id).done == 4; }));
  EXPECT_EQ(get(begun->id).changed, 3U);
  EXPECT_EQ(get(begun->id).total, 10U);
  EXPECT_FALSE(get(begun->id).ended_at_us);
  go_on = true;
  ASSERT_TRUE(becomes(begun->id, State::done));
  EXPECT_EQ(get(begun->id).done, 10U);
  EXPECT_EQ(get(begun->id).changed, 8U);
  EXPECT_GE(*get(begun->id).ended_at_us, begun->started_at_us);
}

TEST_F(OperationsTest, ACancelledOneStopsWhereItIs) {
  const auto begun = start_endless();
  ASSERT_TRUE(begun);
  ASSERT_TRUE(eventually([&] { return get(begun->id).done > 3; }));
  ASSERT_TRUE(operations_.cancel(begun->id));
  ASSERT_TRUE(becomes(begun->id, State::cancelled));
  EXPECT_EQ(operations_.cancel(begun->id)->state, State::cancelled) << "again changes nothing";
  EXPECT_FALSE(operations_.cancel("17")) << "there is no such one";
}

TEST_F(OperationsTest, WhatWasDoneBeforeItCouldBeCancelledIsDone) {
  const auto begun = operations_.start("retry", "alice", 5, [&](Operations::Progress& progress) {
    while (progress.reached(0, 0))
      std::this_thread::yield();
    return Result<void>{};
  });
  ASSERT_TRUE(begun);
  operations_.cancel(begun->id);
  ASSERT_TRUE(becomes(begun->id, State::cancelled));

  std::atomic<bool> cancelled = false;
  const auto whole = operations_.start("retry", "alice", 5, [&](Operations::Progress& progress) {
    while (!cancelled)
      std::this_thread::yield();
    EXPECT_TRUE(progress.reached(5, 5));
    return Result<void>{};
  });
  ASSERT_TRUE(whole);
  operations_.cancel(whole->id);
  cancelled = true;
  EXPECT_TRUE(becomes(whole->id, State::done));
}

TEST_F(OperationsTest, AFailureIsKeptWithItsReason) {
  const auto failed = operations_.start("discard", "alice", 3, [](Operations::Progress&) {
    return Result<void>{Error{ErrorCode::source_unavailable, "the database is away"}};
  });
  const auto thrown = operations_.start(
      "discard", "alice", 3,
      [](Operations::Progress&) -> Result<void> { throw std::runtime_error{"no memory"}; });
  ASSERT_TRUE(failed && thrown);
  ASSERT_TRUE(becomes(failed->id, State::failed));
  ASSERT_TRUE(becomes(thrown->id, State::failed));
  EXPECT_EQ(get(failed->id).error, "the database is away");
  EXPECT_EQ(get(thrown->id).error, "no memory");
}

TEST_F(OperationsTest, OnlyTwoRunAtOnce) {
  const auto first = start_endless();
  const auto second = start_endless();
  ASSERT_TRUE(first && second);
  const auto third = start_endless();
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, ErrorCode::conflict);
  EXPECT_THAT(third.error().message, HasSubstr("2 operations run already"));
  operations_.cancel(first->id);
  ASSERT_TRUE(becomes(first->id, State::cancelled));
  EXPECT_TRUE(start_endless());
}

TEST_F(OperationsTest, TheNewestHundredAreKeptAndThoseThatRun) {
  const auto running = start_endless();
  ASSERT_TRUE(running);
  std::string last;
  for (std::size_t i = 0; i < Operations::kKept + 10; ++i) {
    const auto quick = operations_.start("retry", "alice", 0,
                                         [](Operations::Progress&) { return Result<void>{}; });
    ASSERT_TRUE(quick);
    last = quick->id;
    ASSERT_TRUE(becomes(last, State::done));
  }
  const auto all = operations_.all();
  EXPECT_EQ(all.size(), Operations::kKept);
  EXPECT_EQ(all.front().id, last);
  EXPECT_EQ(all.back().id, running->id);
}

TEST_F(OperationsTest, AStopEndsThemAndNoneBeginsAfterwards) {
  const auto begun = start_endless();
  ASSERT_TRUE(begun);
  operations_.stop();
  EXPECT_EQ(get(begun->id).state, State::cancelled);
  EXPECT_FALSE(start_endless());
  operations_.stop();
}

}  // namespace
}  // namespace outbox
