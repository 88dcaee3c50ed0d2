#include "outbox-processor/latency_window.hpp"

#include <gtest/gtest.h>

namespace outbox {
namespace {

using std::chrono::seconds;

class LatencyWindowTest : public testing::Test {
 protected:
  void observe(std::int64_t us, int times, LatencyWindow::Clock::time_point at) {
    for (int i = 0; i < times; ++i)
      window_.observe(us);
    window_.flush(at);
  }

  LatencyWindow window_;
  const LatencyWindow::Clock::time_point start_{seconds{1'000}};
};

TEST_F(LatencyWindowTest, TellsThePercentilesToAnEighth) {
  observe(2'000, 50, start_);
  observe(10'000, 45, start_);
  observe(300'000, 4, start_);
  observe(5'000'000, 1, start_);
  const auto told = window_.last_minute(start_);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->count, 100U);
  EXPECT_NEAR(told->p50_ms, 2, 2 / 8.0);
  EXPECT_NEAR(told->p95_ms, 10, 10 / 8.0);
  EXPECT_NEAR(told->p99_ms, 300, 300 / 8.0);
}

TEST_F(LatencyWindowTest, ForgetsWhatIsOlderThanAMinute) {
  observe(1'000, 3, start_);
  observe(8'000, 1, start_ + seconds{30});
  EXPECT_EQ(window_.last_minute(start_ + seconds{60})->count, 4U);
  EXPECT_EQ(window_.last_minute(start_ + seconds{61})->count, 1U);
  EXPECT_FALSE(window_.last_minute(start_ + seconds{91}));
  observe(1'000, 1, start_ + seconds{1'000});
  EXPECT_EQ(window_.last_minute(start_ + seconds{1'000})->count, 1U);
}

TEST_F(LatencyWindowTest, ShowsOnlyWhatWasFlushed) {
  window_.observe(10);
  EXPECT_FALSE(window_.last_minute(start_));
  window_.flush(start_);
  EXPECT_NEAR(window_.last_minute(start_)->p50_ms, 0.01, 0.0001);
  window_.flush(start_);
  EXPECT_EQ(window_.last_minute(start_)->count, 1U);
}

// A clock that was set back makes an age negative; a message may have waited for a week.
TEST_F(LatencyWindowTest, BearsAnyDuration) {
  observe(-5, 1, start_);
  EXPECT_EQ(window_.last_minute(start_)->p50_ms, 0);
  observe(std::int64_t{7} * 86'400 * 1'000'000, 1, start_ + seconds{100});
  EXPECT_GT(window_.last_minute(start_ + seconds{100})->p50_ms, 18 * 3'600'000.0);
}

}  // namespace
}  // namespace outbox
