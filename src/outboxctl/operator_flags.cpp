#include "outboxctl/commands.hpp"
#include "outboxctl/flags.hpp"

namespace outbox::ctl {
namespace {

void add_replay(CLI::App& app, CommandLine& given) {
  CLI::App& replay = add_command(
      app, given, "replay", "send delivered messages again",
      [&given](Console& console) { return replay_messages(given.common, given.replay, console); });
  ReplayOptions& options = given.replay;
  replay.add_option("--since", options.filter.since,
                    "written then or later: 2h, 7d, 2026-01-31T12:00:00Z");
  replay.add_option("--until", options.filter.until, "written before");
  replay.add_option("--key", options.filter.key, "only those of this aggregate id");
  replay.add_option("--type", options.filter.type, "only those of this message type");
  replay.add_option("--id", options.filter.id, "only those with this message id");
  replay.add_option("--topic", options.topic, "to this topic instead of their own");
  replay.add_option("--rate", options.rate, "so many of them a second")
      ->check(CLI::Range(1, 1'000'000));
  replay.add_flag("--dry-run", options.dry_run, "say what would be done, and do nothing");
  add_yes(replay, given);
}

void add_pause(CLI::App& app, CommandLine& given, bool paused) {
  CLI::App& command =
      add_command(app, given, paused ? "pause" : "resume",
                  paused ? "stop the relays, or what they send to a topic or read of a shard"
                         : "let go on what was paused in the same way",
                  [&given, paused](Console& console) {
                    return pause_relays(given.common, given.pause, paused, console.out);
                  });
  CLI::Option* const topic =
      command.add_option("--topic", given.pause.topic, "nothing but this topic");
  const auto set_shard = [&given](int shard) { given.pause.shard = shard; };
  command.add_option_function<int>("--shard", set_shard, "nothing but this shard, 0 to 63")
      ->check(CLI::Range(0, 63))
      ->excludes(topic);
}

void add_shards(CLI::App& app, CommandLine& given) {
  CLI::App& shards =
      add_command(app, given, "shards", "who has which shards, where they stand, and the relays",
                  [&given](Console& console) { return show_shards(given.common, console.out); });
  CLI::App& release = add_command(
      shards, given, "release", "have the relay that has a shard let go of it",
      [&given](Console& console) { return release_shard(given.common, given.shard, console.out); });
  CLI::App& move = add_command(
      shards, given, "move", "give a shard to a relay, for as long as that runs",
      [&given](Console& console) { return move_shard(given.common, given.shard, console.out); });
  for (CLI::App* const command : {&release, &move}) {
    command->add_option("SHARD", given.shard.shard, "0 to 63")
        ->required()
        ->check(CLI::Range(0, 63))
        ->type_name("");
  }
  move.add_option("RELAY", given.shard.relay, "its name, as 'outboxctl shards' shows it")
      ->required()
      ->type_name("");
}

void add_config(CLI::App& app, CommandLine& given) {
  CLI::App& group = add_group(app, "config", "the relay's settings");
  CLI::App& check = add_plain_command(
      group, given, "check", "whether outbox-processor takes them",
      [&given](Console& console) { return check_config(given.common, given.config, console.out); });
  CLI::App& show = add_plain_command(
      group, given, "show", "what they come to, and why",
      [&given](Console& console) { return show_config(given.common, given.config, console.out); });
  add_config_flags(check, given);
  add_config_flags(show, given);
}

}  // namespace

void add_config_flags(CLI::App& command, CommandLine& given) {
  command.add_option("--config", given.config.file, "TOML file; else OUTBOX_CONFIG names it")
      ->type_name("FILE");
  command.add_option("--set", given.config.settings, "one setting, over file and environment")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
}

void add_operator_commands(CLI::App& app, CommandLine& given) {
  CLI::App& trace = add_command(app, given, "trace", "everything that is known of a message",
                                [&given](Console& console) {
                                  return trace_message(given.common, given.traced, console.out);
                                });
  trace.add_option("ID", given.traced, "its seq or its message id")->required()->type_name("");

  add_replay(app, given);
  add_pause(app, given, true);
  add_pause(app, given, false);
  add_shards(app, given);

  CLI::App& source = add_group(app, "source", "where the relays read from");
  CLI::App& reset = add_command(
      source, given, "reset", "a new position, for a database that was restored from a dump",
      [&given](Console& console) { return reset_source(given.common, given.reset, console); });
  reset.add_flag("--other-history", given.reset.other_history,
                 "keep the position; begin anew what Kafka's transactions are compared with");
  add_yes(reset, given);
  CLI::App& use = add_command(
      source, given, "use", "have the relays read the table, or the write-ahead log",
      [&given](Console& console) { return use_source(given.common, given.use, console.out); });
  use.add_option("MODE", given.use.mode, "table or wal")
      ->required()
      ->check(CLI::IsMember({"table", "wal"}))
      ->type_name("");
  use.add_option("--slot", given.use.slot,
                 "wal: the replication slot's name, if not TABLE_DATABASE");
  use.add_flag("--accept-gap", given.use.accept_gap,
               "give up what only the log had, where it was not read to its end");
  add_config(app, given);
}

}  // namespace outbox::ctl
