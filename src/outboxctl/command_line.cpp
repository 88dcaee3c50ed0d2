#include "outboxctl/command_line.hpp"

#include <algorithm>
#include <string>

#include "outboxctl/flags.hpp"
#include "support/config/command_line.hpp"

namespace outbox::ctl {
namespace {

constexpr const char* kExitCodes =
    "\n\nExit codes:\n"
    "  0  done\n"
    "  1  refused, by the state of the outbox or by the database\n"
    "  2  the command line or the environment is wrong\n"
    "  3  the database is away, or a lock was not free in time: try again";

// CLI11's words, which repeat arguments, without what might be a secret in the wrong place.
std::string usage_message(const CLI::App& app, const CLI::ParseError& error) {
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    return config::not_expected(app.remaining(true));
  }
  std::string text = error.what();
  text.resize(std::min(text.find(" = "), text.size()));  // "Could not convert: --flag = value"
  if (text.find("://") == std::string::npos && text.find('@') == std::string::npos &&
      text.find("password") == std::string::npos) {
    return text;
  }
  return "a flag cannot take its argument (which is not shown, since it may hold a password)";
}

}  // namespace

ExitCode run(int argc, const char* const* argv, Console& console) {
  CommandLine given;
  CLI::App app{"Looks after an outbox: its tables, and what is in them.", "outboxctl"};
  app.set_version_flag("--version", "outboxctl " OUTBOX_VERSION);
  app.require_subcommand(1);
  app.footer(std::string{kDatabaseHelp} + kExitCodes);
  add_outbox_commands(app, given);
  add_dead_letter_commands(app, given);
  add_operator_commands(app, given);
  add_token_commands(app, given);
  add_bench_command(app, given);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {  // --help, --version
    app.exit(wanted, console.out, console.err);
    return ExitCode::ok;
  } catch (const CLI::ParseError& error) {
    console.err << "outboxctl: " << usage_message(app, error) << "\nSee outboxctl --help.\n";
    return ExitCode::usage;
  }
  const auto done = given.run(console);
  if (done) return ExitCode::ok;
  console.err << "outboxctl: " << done.error().message << '\n';
  return exit_code_of(done.error());
}

}  // namespace outbox::ctl
