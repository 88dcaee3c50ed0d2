// Faults that are made through sessions of PostgreSQL: others ended or halted, locks held, old
// transactions.
#pragma once

#include <vector>

#include "tests/chaos/fault.hpp"
#include "tests/chaos/world.hpp"

namespace outbox::chaos {

// `world` must outlive what they make. Those that hold a transaction bear it that a crash of the
// server ends it early.
[[nodiscard]] std::vector<FaultClass> session_faults(World& world);

}  // namespace outbox::chaos
