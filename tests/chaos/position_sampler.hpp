// Looks at the relays' tables from outside while the run goes on.
#pragma once

#include <string>
#include <thread>

#include "tests/chaos/position_watch.hpp"

namespace outbox::chaos {

// A thread of its own that feeds a PositionWatch, from the constructor to stop().
class PositionSampler {
 public:
  explicit PositionSampler(std::string database_url);
  ~PositionSampler() = default;
  PositionSampler(const PositionSampler&) = delete;
  PositionSampler& operator=(const PositionSampler&) = delete;

  // Ends it and gives what it saw.
  [[nodiscard]] const PositionWatch& stop();

 private:
  void sample(const std::stop_token& stop);

  const std::string database_url_;
  PositionWatch watch_;
  std::jthread thread_;
};

}  // namespace outbox::chaos
