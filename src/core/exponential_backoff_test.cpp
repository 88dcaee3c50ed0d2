#include "core/exponential_backoff.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace outbox {
namespace {

using std::chrono::milliseconds;

constexpr int kDraws = 4'000;
const Error kError{ErrorCode::message_rejected, "rejected"};

std::vector<milliseconds> draw(ExponentialBackoff& backoff, int attempts) {
  std::vector<milliseconds> delays;
  for (int i = 0; i < kDraws; ++i) {
    delays.push_back(backoff.next_delay(attempts, kError));
  }
  return delays;
}

TEST(ExponentialBackoffTest, TheCeilingDoublesWithEachAttemptUpToTheMaximum) {
  ExponentialBackoff backoff{{milliseconds{200}, milliseconds{3'000}}, 1};
  const std::vector<std::pair<int, milliseconds>> ceilings{
      {1, milliseconds{200}},   {2, milliseconds{400}},   {3, milliseconds{800}},
      {4, milliseconds{1'600}}, {5, milliseconds{3'000}}, {60, milliseconds{3'000}}};
  for (const auto& [attempts, ceiling] : ceilings) {
    const std::vector<milliseconds> delays = draw(backoff, attempts);
    const auto [least, most] = std::minmax_element(delays.begin(), delays.end());
    EXPECT_GE(*least, milliseconds{0}) << attempts;
    EXPECT_LE(*most, ceiling) << attempts;
    // Full jitter: the draws reach both ends.
    EXPECT_LT(*least, ceiling / 50) << attempts;
    EXPECT_GT(*most, ceiling - ceiling / 50) << attempts;
  }
}

TEST(ExponentialBackoffTest, TheJitterIsUniform) {
  ExponentialBackoff backoff{{milliseconds{1'000}, milliseconds{1'000}}, 2};
  std::vector<int> quarters(4);
  for (const milliseconds delay : draw(backoff, 1)) {
    ++quarters[static_cast<std::size_t>(std::min<milliseconds::rep>(delay.count() / 250, 3))];
  }
  for (const int count : quarters) {
    EXPECT_NEAR(count, kDraws / 4.0, kDraws / 25.0);
  }
}

TEST(ExponentialBackoffTest, ASeedRepeatsItsDelaysAndAnotherDoesNot) {
  const BackoffOptions options{milliseconds{1'000}, milliseconds{60'000}};
  ExponentialBackoff first{options, 7};
  ExponentialBackoff again{options, 7};
  ExponentialBackoff other{options, 8};
  const std::vector<milliseconds> delays = draw(first, 3);
  EXPECT_EQ(delays, draw(again, 3));
  EXPECT_NE(delays, draw(other, 3));
}

TEST(ExponentialBackoffTest, AnyNumberOfAttemptsKeepsTheBounds) {
  ExponentialBackoff backoff{{milliseconds{5'000}, milliseconds{10'000}}, 3};
  const milliseconds delay = backoff.next_delay(std::numeric_limits<int>::max(), kError);
  EXPECT_GE(delay, milliseconds{0});
  EXPECT_LE(delay, milliseconds{10'000});
}

}  // namespace
}  // namespace outbox
