#include "tests/chaos/fault_plan.hpp"

#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace outbox::chaos {
namespace {

constexpr std::size_t kClasses = 20;

std::vector<std::size_t> first(std::uint64_t seed, int count) {
  FaultPlan plan{seed, kClasses};
  std::vector<std::size_t> chosen;
  for (int i = 0; i < count; ++i) {
    chosen.push_back(plan.next().class_index);
  }
  return chosen;
}

TEST(ChaosFaultPlan, every_class_comes_once_before_one_comes_again) {
  const auto chosen = first(7, 3 * kClasses);
  for (std::size_t round = 0; round < 3; ++round) {
    const auto begin = chosen.begin() + static_cast<std::ptrdiff_t>(round * kClasses);
    EXPECT_EQ(std::set(begin, begin + kClasses).size(), kClasses);
  }
}

TEST(ChaosFaultPlan, the_same_seed_gives_the_same_plan_and_another_one_another) {
  EXPECT_EQ(first(7, 100), first(7, 100));
  EXPECT_NE(first(7, 100), first(8, 100));
}

}  // namespace
}  // namespace outbox::chaos
