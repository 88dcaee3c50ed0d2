#include "tests/chaos/faults/clock_shim.hpp"

#include <array>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/e2e/process.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::chaos {
namespace {

using namespace std::chrono_literals;

// See testing/clock_probe.cpp.
struct Line {
  std::array<long, 4> wall{};
  std::array<long, 4> waits_ms{};
};

class ClockShimTest : public ::testing::Test {
 protected:
  // What the process says of the time from now on.
  std::optional<Line> next_line() {
    const std::size_t before = lines().size();
    // The first of the two may have been begun before.
    if (!test::eventually([&] { return lines().size() >= before + 2; })) {
      return std::nullopt;
    }
    std::istringstream text(lines().at(before + 1));
    Line line;
    for (auto* part : {&line.wall, &line.waits_ms}) {
      for (long& value : *part) {
        text >> value;
      }
    }
    return text ? std::optional(line) : std::nullopt;
  }

  // The whole ones.
  std::vector<std::string> lines() const {
    std::ifstream file(log_);
    std::vector<std::string> result;
    for (std::string line; std::getline(file, line) && !file.eof();) {
      result.push_back(line);
    }
    return result;
  }

  void expect_shifted(long base, long by) {
    const auto line = next_line();
    ASSERT_TRUE(line.has_value()) << "the process has stopped";
    for (const long wall : line->wall) {
      EXPECT_NEAR(static_cast<double>(wall), static_cast<double>(base + by), 1.0);
    }
    for (const long waited : line->waits_ms) {
      EXPECT_LT(waited, 5'000);
    }
    // The last one is notified at once.
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_GE(line->waits_ms.at(i), 29);
    }
  }

  test::TemporaryFolder folder_;
  std::string log_ = folder_.path() / "log";
  ClockShim shim_{folder_.path() / "clock"};
  e2e::Process process_{{OUTBOX_CLOCK_PROBE}, shim_.environment(), log_};
};

TEST_F(ClockShimTest, moves_the_wall_clocks_of_a_running_process_there_and_back_and_no_wait) {
  const auto first = next_line();
  ASSERT_TRUE(first.has_value());
  const long base = first->wall[0];
  expect_shifted(base, 0);
  EXPECT_EQ(shim_.shifted_calls(), 0U);

  shim_.set_offset(1h);
  expect_shifted(base, 3'600);
  EXPECT_GE(shim_.shifted_calls(), 4U);

  shim_.set_offset(-1h);
  expect_shifted(base, -3'600);

  shim_.set_offset(0s);
  expect_shifted(base, 0);
  const auto calls = shim_.shifted_calls();
  expect_shifted(base, 0);
  EXPECT_EQ(shim_.shifted_calls(), calls);
}

}  // namespace
}  // namespace outbox::chaos
