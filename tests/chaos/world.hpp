// What the faults act on.
#pragma once

#include <chrono>
#include <string>

#include "tests/chaos/fleet.hpp"
#include "tests/support/own_stack.hpp"

namespace outbox::chaos {

struct World {
  test::OwnStack& stack;
  Fleet& fleet;
  std::string database_url;  // PostgreSQL's own, without a proxy
  std::chrono::milliseconds lease;
  e2e::Environment other_relay_settings;  // as a deploy with another configuration has them
};

}  // namespace outbox::chaos
