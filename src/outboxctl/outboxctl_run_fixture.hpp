// Runs outboxctl's commands in the test's own process.
#pragma once

#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "outboxctl/command_line.hpp"

namespace outbox::ctl {

struct Outcome {
  ExitCode code = ExitCode::ok;
  std::string out;
  std::string err;

  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(out); }
};

// `typed`: what a person at a terminal types; nullopt: there is no terminal.
inline Outcome outboxctl(std::vector<std::string> arguments,
                         const std::optional<std::string>& typed = std::nullopt) {
  arguments.insert(arguments.begin(), "outboxctl");
  std::vector<const char*> argv;
  argv.reserve(arguments.size());
  for (const std::string& argument : arguments)
    argv.push_back(argument.c_str());
  std::istringstream in{typed.value_or("")};
  std::ostringstream out;
  std::ostringstream err;
  Console console{in, out, err, typed.has_value()};
  const ExitCode code = run(static_cast<int>(argv.size()), argv.data(), console);
  return {code, out.str(), err.str()};
}

}  // namespace outbox::ctl
