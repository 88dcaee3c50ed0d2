// Faults of the servers: PostgreSQL, the Kafka brokers, MongoDB.
#pragma once

#include <vector>

#include "tests/chaos/fault.hpp"
#include "tests/chaos/world.hpp"

namespace outbox::chaos {

// `world` must outlive what they make.
[[nodiscard]] std::vector<FaultClass> postgres_faults(World& world);
[[nodiscard]] std::vector<FaultClass> kafka_faults(World& world);
[[nodiscard]] std::vector<FaultClass> mongo_faults(World& world);

}  // namespace outbox::chaos
