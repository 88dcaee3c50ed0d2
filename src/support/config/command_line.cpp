#include "support/config/command_line.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace outbox::config {
namespace {

// "--name" of "--name=value", "-p" of "-pvalue"; empty for what is no flag.
std::string_view flag_name(std::string_view argument) {
  if (!argument.starts_with('-')) return {};
  if (!argument.starts_with("--")) return argument.substr(0, 2);
  const auto end = std::find_if(argument.begin() + 2, argument.end(), [](unsigned char c) {
    return std::isalnum(c) == 0 && c != '-' && c != '_' && c != '.';
  });
  return argument.substr(0, static_cast<std::size_t>(end - argument.begin()));
}

}  // namespace

std::string not_expected(const std::vector<std::string>& arguments) {
  std::vector<std::string> shown;
  bool hidden = false;
  for (const std::string& argument : arguments) {
    const std::string_view name = flag_name(argument);
    if (!name.empty()) shown.emplace_back(name);
    hidden = hidden || name.empty();
  }
  if (hidden) shown.emplace_back("an argument that is not shown, since it may be a secret");
  return fmt::format("not expected: {}", fmt::join(shown, ", "));
}

Result<Inputs> inputs_of(const std::string& file, const std::vector<std::string>& settings) {
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
  return inputs;
}

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
  } catch (const CLI::ExtrasError&) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("{}; see {} --help", not_expected(app.remaining()), program)};
  } catch (const CLI::ParseError& problem) {
    // "Could not convert: --flag = value": the value is left out.
    const std::string_view text = problem.what();
    return Error{ErrorCode::invalid_argument,
                 fmt::format("{}; see {} --help", text.substr(0, text.find(" = ")), program)};
  }

  const auto inputs = inputs_of(file, settings);
  if (!inputs) return inputs.error();
  if (example) {
    out << schema.describe();
    return CommandLine{false};
  }
  if (auto loaded = schema.load(*inputs); !loaded) return loaded.error();
  if (show) out << schema.show();
  if (check) out << "the configuration is valid\n";
  return CommandLine{!show && !check};
}

}  // namespace outbox::config
