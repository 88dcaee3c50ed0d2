// outboxctl's command line.
#pragma once

#include <ostream>

#include "outboxctl/exit_code.hpp"

namespace outbox::ctl {

// Parses and runs. Results go to `out`, what went wrong to `err`.
[[nodiscard]] ExitCode run(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

}  // namespace outbox::ctl
