// The commands' flags, by topic. Only command_line.cpp and the files that declare them see CLI11.
#pragma once

#include <functional>
#include <string>

#include <CLI/CLI.hpp>

#include "outboxctl/console.hpp"
#include "outboxctl/options.hpp"

namespace outbox::ctl {

// Where the flags of all commands go, and which command was given.
struct CommandLine {
  using Command = std::function<Result<void>(Console&)>;

  CommonOptions common;
  MigrateOptions migrate;
  MessagesOptions messages;
  DeadLetterOptions dead_letters;
  ReplayOptions replay;
  TokenOptions token;
  UseOptions use;
  ResetOptions reset;
  ConfigOptions config;
  BenchOptions bench;
  std::string traced;
  PauseOptions pause;
  ShardOptions shard;
  Command run;
};

inline constexpr const char* kDatabaseHelp =
    "The database comes from --database, else OUTBOX_SOURCE__URL, else DATABASE_URL; prefer the\n"
    "environment, since other users of the machine can read command lines.";

// A command with the flags that all have. `given` must outlive `parent`.
CLI::App& add_plain_command(CLI::App& parent, CommandLine& given, const std::string& name,
                            const std::string& help, CommandLine::Command command);
// And with those of all that look at an outbox.
CLI::App& add_command(CLI::App& parent, CommandLine& given, const std::string& name,
                      const std::string& help, CommandLine::Command command);
// And with those of a command that an outbox-processor can be asked for instead.
CLI::App& add_server_command(CLI::App& parent, CommandLine& given, const std::string& name,
                             const std::string& help, CommandLine::Command command);
// A command that only has commands of its own.
CLI::App& add_group(CLI::App& parent, const std::string& name, const std::string& help);
// --yes, which answers for a person.
void add_yes(CLI::App& command, CommandLine& given);

void add_outbox_commands(CLI::App& app, CommandLine& given);
void add_dead_letter_commands(CLI::App& app, CommandLine& given);
void add_operator_commands(CLI::App& app, CommandLine& given);
void add_token_commands(CLI::App& app, CommandLine& given);
void add_bench_command(CLI::App& app, CommandLine& given);
// --config and --set, which lead to the relay's settings.
void add_config_flags(CLI::App& command, CommandLine& given);

}  // namespace outbox::ctl
