#include "outboxctl/flags.hpp"

#include <utility>

#include "outboxctl/commands.hpp"

namespace outbox::ctl {
namespace {

PayloadType payload_type_of(const std::string& name) {
  if (name == "jsonb") return PayloadType::jsonb;
  if (name == "text") return PayloadType::text;
  if (name == "bytea") return PayloadType::bytea;
  return PayloadType::json;
}

}  // namespace

CLI::App& add_plain_command(CLI::App& parent, CommandLine& given, const std::string& name,
                            const std::string& help, CommandLine::Command command) {
  CLI::App& added = *parent.add_subcommand(name, help);
  const auto set_format = [&given](const std::string& format) {
    given.common.format = format == "json" ? Format::json : Format::text;
  };
  added.add_option_function<std::string>("--format", set_format, "how results are written")
      ->check(CLI::IsMember({"text", "json"}))
      ->default_str("text");
  // One below it that was given has been here before.
  added.callback([&given, command = std::move(command)] {
    if (!given.run) given.run = command;
  });
  return added;
}

CLI::App& add_command(CLI::App& parent, CommandLine& given, const std::string& name,
                      const std::string& help, CommandLine::Command command) {
  CLI::App& added = add_plain_command(parent, given, name, help, std::move(command));
  added.add_option("--database", given.common.database_url,
                   "postgresql://USER@HOST:PORT/DATABASE or sqlite:PATH");
  added.add_option("--table", given.common.table, "the outbox table: TABLE or SCHEMA.TABLE")
      ->capture_default_str();
  added.footer(kDatabaseHelp);
  return added;
}

CLI::App& add_server_command(CLI::App& parent, CommandLine& given, const std::string& name,
                             const std::string& help, CommandLine::Command command) {
  CLI::App& added = add_command(parent, given, name, help, std::move(command));
  CLI::Option* server = added.add_option("--server", given.common.server,
                                         "ask this outbox-processor: http://127.0.0.1:8080");
  server->excludes("--database")->excludes("--table");
  added
      .add_option("--token-file", given.common.token_file,
                  "a file with the token that the server wants")
      ->type_name("FILE")
      ->needs(server);
  added
      .add_option("--ca-file", given.common.ca_file,
                  "PEM file with the certificates that the server's is signed by")
      ->type_name("FILE")
      ->needs(server);
  return added;
}

CLI::App& add_group(CLI::App& parent, const std::string& name, const std::string& help) {
  CLI::App& added = *parent.add_subcommand(name, help);
  added.require_subcommand(1);
  return added;
}

void add_yes(CLI::App& command, CommandLine& given) {
  command.add_flag("--yes", given.common.yes, "do not ask whether it is meant");
}

void add_outbox_commands(CLI::App& app, CommandLine& given) {
  CLI::App& migrate = add_command(
      app, given, "migrate", "make the outbox's tables or bring them up to date",
      [&given](Console& console) { return migrate_tables(given.common, given.migrate, console); });
  const auto set_type = [&given](const std::string& name) {
    given.migrate.payload_type = payload_type_of(name);
  };
  migrate
      .add_option_function<std::string>("--payload-type", set_type,
                                        "of the payload column (PostgreSQL)")
      ->check(CLI::IsMember({"json", "jsonb", "text", "bytea"}))
      ->default_str("json");
  migrate.add_flag("--down", given.migrate.down, "remove the tables with all messages");
  add_yes(migrate, given);

  add_server_command(app, given, "status", "counts, positions and the relay that has the shards",
                     [&given](Console& console) { return show_status(given.common, console.out); });

  CLI::App& messages = add_server_command(
      app, given, "messages", "the newest messages with their status", [&given](Console& console) {
        return list_messages(given.common, given.messages, console.out);
      });
  messages.add_option("--status", given.messages.status, "only those with this status")
      ->check(CLI::IsMember(
          {"pending", "delayed", "retrying", "held", "dead", "discarded", "processed"}));
  messages.add_option("--key", given.messages.key, "only those of this aggregate id");
  messages.add_option("--limit", given.messages.limit, "1 to 1000")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
}

}  // namespace outbox::ctl
