// Faults of the network between the relays and the servers.
#pragma once

#include <vector>

#include "tests/chaos/fault.hpp"
#include "tests/chaos/world.hpp"

namespace outbox::chaos {

// `world` must outlive what they make.
[[nodiscard]] std::vector<FaultClass> network_faults(World& world);

}  // namespace outbox::chaos
