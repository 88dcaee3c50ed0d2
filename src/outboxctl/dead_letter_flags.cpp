#include "outboxctl/commands.hpp"
#include "outboxctl/flags.hpp"

namespace outbox::ctl {
namespace {

void add_filter(CLI::App& command, admin::DeadLetterFilter& filter) {
  command.add_option("--key", filter.key, "only those of this aggregate id");
  command.add_option("--type", filter.type, "only those of this message type");
  command.add_option("--error", filter.error, "only those whose last error has this text in it");
  command.add_option("--since", filter.since,
                     "only those that died since: 2h, 7d, 2026-01-31T12:00:00Z");
}

void add_names(CLI::App& command, DeadLetterOptions& options, const char* all_help) {
  command.add_option("ID", options.filter.names, "seqs or message ids")->type_name("");
  add_filter(command, options.filter);
  command.add_flag("--all", options.all, all_help);
  command.add_flag("--dry-run", options.dry_run, "say what would be done, and do nothing");
}

}  // namespace

void add_dead_letter_commands(CLI::App& app, CommandLine& given) {
  CLI::App& group = add_group(app, "dead-letters", "messages that the relay has given up");
  DeadLetterOptions& options = given.dead_letters;

  CLI::App& list =
      add_server_command(group, given, "list", "which, and why", [&given](Console& console) {
        return list_dead_letters(given.common, given.dead_letters, console.out);
      });
  add_filter(list, options.filter);
  list.add_option("--limit", options.limit, "1 to 1000")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();

  CLI::App& retry = add_server_command(
      group, given, "retry", "send them again, each key's in order", [&given](Console& console) {
        return retry_dead_letters(given.common, given.dead_letters, console);
      });
  add_names(retry, options, "every dead message");
  retry.add_option("--rate", options.rate, "so many of them a second")
      ->check(CLI::Range(1, 1'000'000));
  retry.add_option("--payload", options.payload_file,
                   "send this file's content instead (one message)");

  CLI::App& discard =
      add_server_command(group, given, "discard", "never send them; what waits behind them goes on",
                         [&given](Console& console) {
                           return discard_dead_letters(given.common, given.dead_letters, console);
                         });
  add_names(discard, options, "every dead message");
  discard.add_flag("--replays", options.filter.replays,
                   "instead of dead ones, what 'replay' has yet to send");
  add_yes(discard, given);

  CLI::App& write =
      add_command(group, given, "export", "whole, with every attempt, as JSON lines",
                  [&given](Console& console) {
                    return export_dead_letters(given.common, given.dead_letters, console.out);
                  });
  write.add_option("ID", options.filter.names, "seqs or message ids")->type_name("");
  add_filter(write, options.filter);
}

}  // namespace outbox::ctl
