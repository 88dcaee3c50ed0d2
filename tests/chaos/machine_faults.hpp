// Faults of the machines: the wall clock, the disk.
#pragma once

#include <vector>

#include "tests/chaos/fault.hpp"
#include "tests/chaos/world.hpp"

namespace outbox::chaos {

// `world` must outlive what they make.
[[nodiscard]] std::vector<FaultClass> machine_faults(World& world);

}  // namespace outbox::chaos
