// The flags that every daemon of the project has.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "outbox/result.hpp"
#include "support/config/schema.hpp"

namespace outbox::config {

// A daemon's exit status when its flags or settings are refused; the program itself did not fail.
constexpr int kExitUsage = 2;

struct CommandLine {
  // False: the flags asked for information only, which was printed; leave with success.
  bool run = true;
};

// What may be said of arguments that no flag takes: the names of flags among them. The rest is not
// shown, since it may be a secret that stands in the wrong place.
[[nodiscard]] std::string not_expected(const std::vector<std::string>& arguments);

// What the process's environment, a file (empty: none) and `settings`, each path=value, say.
// invalid_argument: one of these has no '='.
[[nodiscard]] Result<Inputs> inputs_of(const std::string& file,
                                       const std::vector<std::string>& settings);

// Reads --config FILE (or OUTBOX_CONFIG), --set path=value, --check-config, --show-config,
// --example-config, --version and --help, and loads `schema`. What was asked for goes to `out`.
// invalid_argument: an argument that is not expected, or whatever Schema::load refuses.
[[nodiscard]] Result<CommandLine> parse_command_line(int argc, const char* const* argv,
                                                     const std::string& program,
                                                     const std::string& summary, Schema& schema,
                                                     std::ostream& out);

}  // namespace outbox::config
