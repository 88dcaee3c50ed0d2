#include "support/telemetry/stop_signals.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <future>
#include <unistd.h>

#include <gtest/gtest.h>

namespace outbox::telemetry {
namespace {

void await_stop(const std::stop_token& token) {
  std::promise<void> stopped;
  const std::stop_callback callback(token, [&] { stopped.set_value(); });
  ASSERT_EQ(stopped.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST(StopSignals, TerminationRequestsAStop) {
  for (const int signal : {SIGTERM, SIGINT}) {
    StopSignals signals;
    EXPECT_FALSE(signals.token().stop_requested());
    ASSERT_EQ(kill(getpid(), signal), 0);
    await_stop(signals.token());
  }
}

TEST(StopSignals, HangupCallsBackAndStopsNothing) {
  std::promise<void> called;
  StopSignals signals([&] { called.set_value(); });
  ASSERT_EQ(kill(getpid(), SIGHUP), 0);
  ASSERT_EQ(called.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_FALSE(signals.token().stop_requested());
}

TEST(StopSignals, ProgramsCanAskForTheStopThemselves) {
  StopSignals signals;
  signals.request_stop();
  EXPECT_TRUE(signals.token().stop_requested());
}

TEST(StopSignalsDeathTest, ASecondTerminationEndsTheProcess) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        const StopSignals signals;
        kill(getpid(), SIGTERM);
        await_stop(signals.token());
        kill(getpid(), SIGTERM);
        pause();
      },
      testing::ExitedWithCode(128 + SIGTERM), "");
}

TEST(StopSignalsDeathTest, AProgramThatIsKeptWaitingEndsAfterTheLimit) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        StopSignals signals;
        signals.end_within(std::chrono::milliseconds(50));
        kill(getpid(), SIGTERM);
        await_stop(signals.token());
        pause();
      },
      testing::ExitedWithCode(EXIT_SUCCESS), "kept the program waiting");
}

}  // namespace
}  // namespace outbox::telemetry
