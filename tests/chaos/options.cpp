#include "tests/chaos/options.hpp"

#include <random>

#include <CLI/CLI.hpp>

namespace outbox::chaos {

std::optional<Options> parse_options(int argc, char** argv, int& exit_code) {
  CLI::App app{"Breaks the real system in every way, and counts what became of its messages"};
  Options options;
  options.seed = std::random_device{}();
  options.programs = OUTBOX_BIN_DIR;
  app.add_option("--seed", options.seed, "of the faults and the load; one of chance unless told");
  app.add_option("--minutes", options.minutes, "how long faults come")
      ->check(CLI::Range(0.2, 600.0));
  app.add_option("--relays", options.relays, "processes of the relay")->check(CLI::Range(1, 16));
  app.add_option("--source", options.source, "where they read: table or wal")
      ->check(CLI::IsMember({"table", "wal"}));
  app.add_flag("--exactly-once", options.exactly_once,
               "they send in Kafka's transactions, and no duplicate is allowed");
  app.add_option("--json", options.json_file, "writes the result into this file as well");
  app.add_option("--programs", options.programs, "the folder of the programs under test")
      ->check(CLI::ExistingDirectory);
  app.add_option("--only", options.only, "only faults of these classes, with commas between")
      ->delimiter(',');
  app.add_option("--rate", options.rate, "messages a second")->check(CLI::Range(1.0, 100'000.0));
  app.add_option("--writers", options.writers, "connections that write")->check(CLI::Range(1, 100));
  app.add_option("--relay-setting", options.relay_settings,
                 "path=value for every relay, as relay.batch_size=100; may be repeated");
  app.add_flag("--keep", options.keep, "keeps the logs also when all went well");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    constexpr int kUsage = 2;
    exit_code = app.exit(error) == 0 ? 0 : kUsage;
    return std::nullopt;
  }
  return options;
}

}  // namespace outbox::chaos
