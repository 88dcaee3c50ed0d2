// What the faults act on.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "tests/chaos/faults/clock_shim.hpp"
#include "tests/chaos/fleet.hpp"
#include "tests/chaos/network.hpp"
#include "tests/support/own_stack.hpp"

namespace outbox::chaos {

struct World {
  test::OwnStack& stack;
  Fleet& fleet;
  Network& network;
  std::map<std::string, std::unique_ptr<ClockShim>> clocks;  // by the relay's name
  std::string database_url;  // PostgreSQL's own, without a proxy
  std::chrono::milliseconds lease{0};
  e2e::Environment other_relay_settings;  // as a deploy with another configuration has them
};

}  // namespace outbox::chaos
