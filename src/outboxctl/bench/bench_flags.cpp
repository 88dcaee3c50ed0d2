#include "outboxctl/commands.hpp"
#include "outboxctl/flags.hpp"
#include "support/load/schedule.hpp"

namespace outbox::ctl {

void add_bench_command(CLI::App& app, CommandLine& given) {
  CLI::App& bench =
      add_plain_command(app, given, "bench", "how fast the relay is on this database and broker",
                        [&given](Console& console) {
                          return run_bench(given.common, given.config, given.bench, console);
                        });
  bench.add_flag_callback(
      "--json", [&given] { given.common.format = Format::json; }, "short for --format json");
  add_config_flags(bench, given);
  BenchOptions& options = given.bench;
  bench.add_option("--messages", options.messages, "in the backlog that is drained")
      ->check(CLI::Range(1'000, 10'000'000))
      ->capture_default_str();
  bench.add_option("--payload-bytes", options.payload_bytes, "of each message")
      ->check(CLI::Range(static_cast<std::int64_t>(load::kLeastPayload), std::int64_t{1'000'000}))
      ->capture_default_str();
  bench.add_option("--rate", options.rate, "messages a second, for the latency")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  bench.add_option("--seconds", options.seconds, "of messages at that rate")
      ->check(CLI::Range(1, 600))
      ->capture_default_str();
  bench.add_flag("--cleanup", options.cleanup, "only remove what a killed run left");
  add_yes(bench, given);
  bench.footer(
      "It takes the relay's settings, as outbox-processor does. It makes an outbox in a schema of\n"
      "its own and a topic of its own, both called outbox_bench_…, and removes them at the end.\n"
      "Its database role needs CREATE on the database.");
}

}  // namespace outbox::ctl
