#include "tests/chaos/fault_runner.hpp"

#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outbox::chaos {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What faults of a test did; shared by their threads.
struct Log {
  std::atomic<int> active{0};
  std::atomic<int> most{0};
  std::atomic<int> injected{0};
  std::atomic<int> healed{0};
};

Fault counted(Log& log, std::vector<std::string> resources) {
  Fault fault{"a test", std::move(resources), milliseconds{50}, {}, {}, {}};
  fault.inject = [&log] {
    ++log.injected;
    const int active = ++log.active;
    int most = log.most;
    while (most < active && !log.most.compare_exchange_weak(most, active)) {
    }
  };
  fault.observed = [] { return true; };
  fault.heal = [&log] {
    --log.active;
    ++log.healed;
  };
  return fault;
}

// Faults follow each other at once and last a moment.
FaultTotals run(std::vector<FaultClass> classes, milliseconds length) {
  FaultRunner runner{
      std::move(classes), 1, [](const std::string&) {}, {milliseconds{0}, milliseconds{5}}};
  runner.run(std::chrono::steady_clock::now() + length, {});
  return runner.totals();
}

TEST(ChaosFaultRunner, every_fault_that_was_injected_is_healed_before_it_returns) {
  Log log;
  const FaultTotals totals =
      run({{"one", [&](Random&) { return counted(log, {}); }}}, milliseconds{400});
  EXPECT_GT(log.injected, 0);
  EXPECT_EQ(log.healed, log.injected);
  EXPECT_EQ(totals.count(), log.healed);
}

TEST(ChaosFaultRunner, at_most_three_faults_overlap) {
  Log log;
  run({{"one", [&](Random&) { return counted(log, {}); }}}, milliseconds{600});
  EXPECT_LE(log.most, 3);
}

TEST(ChaosFaultRunner, faults_that_share_a_resource_do_not_overlap) {
  Log log;
  run({{"one", [&](Random&) { return counted(log, {"disk"}); }},
       {"two",
        [&](Random&) {
          return counted(log, {"disk", "network"});
        }}},
      milliseconds{600});
  EXPECT_EQ(log.most, 1);
}

TEST(ChaosFaultRunner, a_fault_of_which_nothing_was_seen_does_not_count) {
  Log log;
  const FaultTotals totals = run({{"one",
                                   [&](Random&) {
                                     Fault fault = counted(log, {});
                                     fault.observed = [] { return false; };
                                     return fault;
                                   }}},
                                 milliseconds{300});
  EXPECT_EQ(totals.count(), 0);
  EXPECT_GT(totals.unobserved.at("one"), 0);
  EXPECT_THAT(totals.problems, IsEmpty());
}

FaultClass throwing(Log& log, const std::function<void()>& inject) {
  return {"one", [&log, inject](Random&) {
            Fault fault = counted(log, {});
            fault.inject = inject;
            fault.observed = [] { return false; };
            fault.hold = milliseconds{200};
            return fault;
          }};
}

TEST(ChaosFaultRunner, a_fault_that_could_not_be_injected_is_healed_and_told) {
  Log log;
  const FaultTotals totals =
      run({throwing(log, [] { throw std::runtime_error("no such broker"); })}, milliseconds{300});
  EXPECT_GT(log.healed, 0);
  EXPECT_THAT(totals.problems, ::testing::Contains(HasSubstr("no such broker")));
}

TEST(ChaosFaultRunner, that_there_was_nothing_to_break_is_no_problem) {
  Log log;
  const FaultTotals totals =
      run({throwing(log, [] { throw NothingToBreak("PostgreSQL is away"); })}, milliseconds{300});
  EXPECT_GT(totals.unobserved.at("one"), 0);
  EXPECT_THAT(totals.problems, IsEmpty());
}

TEST(ChaosFaultRunner, what_somebody_else_holds_is_left_alone) {
  Log log;
  FaultRunner runner{{{"one", [&](Random&) { return counted(log, {"relay-1"}); }}},
                     1,
                     [](const std::string&) {},
                     {milliseconds{0}, milliseconds{5}}};
  ASSERT_TRUE(runner.try_hold({"relay-1"}));
  runner.run(std::chrono::steady_clock::now() + milliseconds{300}, {});
  EXPECT_EQ(log.injected, 0);
  runner.release({"relay-1"});
  EXPECT_TRUE(runner.try_hold({"relay-1", "relay-2"}));
  EXPECT_FALSE(runner.try_hold({"relay-2"}));
}

}  // namespace
}  // namespace outbox::chaos
