// Faults of the programs: killed, stopped, ended, started with other settings.
#pragma once

#include <vector>

#include "tests/chaos/fault.hpp"
#include "tests/chaos/world.hpp"

namespace outbox::chaos {

// `world` must outlive what they make.
[[nodiscard]] std::vector<FaultClass> program_faults(World& world);

}  // namespace outbox::chaos
