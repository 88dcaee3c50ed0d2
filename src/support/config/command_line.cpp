#include "support/config/command_line.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace outbox::config {

Result<CommandLine> parse_command_line(int argc, const char* const* argv,
                                       const std::string& program, const std::string& summary,
                                       Schema& schema, std::ostream& out) {
  CLI::App app(summary, program);
  std::string file;
  std::vector<std::string> settings;
  bool check = false;
  bool show = false;
  bool example = false;
  app.add_option("--config", file, "TOML file with the settings")
      ->envname("OUTBOX_CONFIG")
      ->type_name("FILE");
  app.add_option("--set", settings, "One setting, over file and environment (repeatable)")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
  app.add_flag("--check-config", check, "Check the settings and leave");
  app.add_flag("--show-config", show, "Print the effective settings and where each came from");
  app.add_flag("--example-config", example, "Print a commented file with every setting");
  app.set_version_flag("--version", fmt::format("{} {}", program, OUTBOX_VERSION));
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    app.exit(asked, out, out);
    return CommandLine{false};
  } catch (const CLI::ParseError& problem) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("{}; see {} --help", problem.what(), program)};
  }

  Inputs inputs;
  inputs.environment = environment();
  if (!file.empty()) inputs.file = file;
  for (const auto& setting : settings) {
    const auto equals = setting.find('=');
    if (equals == std::string::npos) {
      return Error{ErrorCode::invalid_argument, "--set needs the form path=value"};
    }
    inputs.flags.emplace_back(setting.substr(0, equals), setting.substr(equals + 1));
  }
  if (example) {
    out << schema.describe();
    return CommandLine{false};
  }
  if (auto loaded = schema.load(inputs); !loaded) return loaded.error();
  if (show) out << schema.show();
  if (check) out << "the configuration is valid\n";
  return CommandLine{!show && !check};
}

}  // namespace outbox::config
