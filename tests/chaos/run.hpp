// One run: load and faults for the given time, then healing, draining and counting.
#pragma once

#include <atomic>

#include "tests/chaos/options.hpp"
#include "tests/chaos/report.hpp"

namespace outbox::chaos {

// Throws when the run cannot be done: a server or a program does not come up, or it was interrupted
// (as soon as `interrupted` says so).
[[nodiscard]] Report run(const Options& options, const std::atomic<bool>& interrupted);

}  // namespace outbox::chaos
