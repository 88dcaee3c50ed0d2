#include "outboxctl/command_line.hpp"

#include <algorithm>
#include <string>

#include <CLI/CLI.hpp>

#include "outboxctl/commands.hpp"
#include "support/config/command_line.hpp"

namespace outbox::ctl {
namespace {

constexpr const char* kFooter =
    "The database comes from --database, else OUTBOX_SOURCE__URL, else DATABASE_URL; prefer the\n"
    "environment, since other users of the machine can read command lines.\n\n"
    "Exit codes:\n"
    "  0  done\n"
    "  1  refused, by the state of the outbox or by the database\n"
    "  2  the command line or the environment is wrong\n"
    "  3  the database is away, or a lock was not free in time: try again";

PayloadType payload_type_of(const std::string& name) {
  if (name == "jsonb") return PayloadType::jsonb;
  if (name == "text") return PayloadType::text;
  if (name == "bytea") return PayloadType::bytea;
  return PayloadType::json;
}

void add_common(CLI::App& command, CommonOptions& common) {
  command.add_option("--database", common.database_url,
                     "postgresql://USER@HOST:PORT/DATABASE or sqlite:PATH");
  command.add_option("--table", common.table, "the outbox table: TABLE or SCHEMA.TABLE")
      ->capture_default_str();
  const auto set_format = [&common](const std::string& name) {
    common.format = name == "json" ? Format::json : Format::text;
  };
  command.add_option_function<std::string>("--format", set_format, "how results are written")
      ->check(CLI::IsMember({"text", "json"}))
      ->default_str("text");
  command.footer(kFooter);
}

struct CommandLine {
  CommonOptions common;
  MigrateOptions migrate;
  bool yes = false;
  MessagesOptions messages;
};

void add_commands(CLI::App& app, CommandLine& given) {
  auto* migrate =
      app.add_subcommand("migrate", "make the outbox's tables or bring them up to date");
  add_common(*migrate, given.common);
  const auto set_type = [&given](const std::string& name) {
    given.migrate.payload_type = payload_type_of(name);
  };
  migrate
      ->add_option_function<std::string>("--payload-type", set_type,
                                         "of the payload column (PostgreSQL)")
      ->check(CLI::IsMember({"json", "jsonb", "text", "bytea"}))
      ->default_str("json");
  migrate->add_flag("--down", given.migrate.down, "remove the tables with all messages");
  migrate->add_flag("--yes", given.yes, "what --down asks for");

  auto* status =
      app.add_subcommand("status", "counts, positions and the relay that has the shards");
  add_common(*status, given.common);

  auto* messages = app.add_subcommand("messages", "the newest messages with their status");
  add_common(*messages, given.common);
  messages->add_option("--status", given.messages.status, "only those with this status")
      ->check(CLI::IsMember({"pending", "delayed", "retrying", "held", "dead", "processed"}));
  messages->add_option("--key", given.messages.key, "only those of this aggregate id");
  messages->add_option("--limit", given.messages.limit, "1 to 1000")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
}

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

Result<void> dispatch(const CLI::App& app, const CommandLine& given, std::ostream& out) {
  if (app.got_subcommand("status")) return show_status(given.common, out);
  if (app.got_subcommand("messages")) return list_messages(given.common, given.messages, out);
  if (given.migrate.down && !given.yes) {
    return Error{ErrorCode::invalid_argument, "--down removes " + given.common.table +
                                                  " with all its messages; if you mean it, add "
                                                  "--yes"};
  }
  return migrate_tables(given.common, given.migrate, out);
}

}  // namespace

ExitCode run(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  CommandLine given;
  CLI::App app{"Looks after an outbox: its tables, and what is in them.", "outboxctl"};
  app.set_version_flag("--version", "outboxctl " OUTBOX_VERSION);
  app.require_subcommand(1);
  app.footer(kFooter);
  add_commands(app, given);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {  // --help, --version
    app.exit(wanted, out, err);
    return ExitCode::ok;
  } catch (const CLI::ParseError& error) {
    err << "outboxctl: " << usage_message(app, error) << "\nSee outboxctl --help.\n";
    return ExitCode::usage;
  }
  const auto done = dispatch(app, given, out);
  if (done) return ExitCode::ok;
  err << "outboxctl: " << done.error().message << '\n';
  return exit_code_of(done.error());
}

}  // namespace outbox::ctl
