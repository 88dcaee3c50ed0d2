// outboxctl's command line.
#pragma once

#include "outboxctl/console.hpp"
#include "outboxctl/exit_code.hpp"

namespace outbox::ctl {

// Parses and runs.
[[nodiscard]] ExitCode run(int argc, const char* const* argv, Console& console);

}  // namespace outbox::ctl
