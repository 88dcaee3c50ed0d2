// outbox-demo: sends orders, waits for their invoices, and counts what became of them.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "demo/audit.hpp"
#include "demo/order_driver.hpp"
#include "demo/report.hpp"

namespace outbox::demo {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

struct Options {
  AuditTargets targets;
  std::string orders_url = "http://127.0.0.1:3000";
  std::int64_t orders = 0;
  int connections = 16;
  std::string timeout = "120s";
  bool json = false;
};

// On a terminal one line that renews itself; elsewhere a line every two seconds.
class ProgressLine {
 public:
  void show(const std::string& text) {
    const auto now = steady_clock::now();
    if (now - shown_ < (terminal_ ? milliseconds(100) : milliseconds(2'000))) return;
    shown_ = now;
    open_ = terminal_;
    std::cerr << (terminal_ ? "\r\033[K" : "") << text << (terminal_ ? "" : "\n") << std::flush;
  }
  void end() {
    if (open_) std::cerr << "\r\033[K" << std::flush;
    open_ = false;
  }

 private:
  const bool terminal_ = isatty(STDERR_FILENO) != 0;
  bool open_ = false;
  steady_clock::time_point shown_ = steady_clock::now();
};

Result<steady_clock::duration> parse_duration(const std::string& text) {
  std::size_t used = 0;
  long number = -1;
  try {
    number = std::stol(text, &used);
  } catch (const std::exception&) {
    number = -1;
  }
  const std::string unit = number < 0 ? "" : text.substr(used);
  constexpr long kDay = 86'400;
  if (number >= 0 && number <= kDay) {
    if (unit == "s") return steady_clock::duration(std::chrono::seconds(number));
    if (unit == "m") return steady_clock::duration(std::chrono::minutes(number));
  }
  return Error{ErrorCode::invalid_argument,
               "--timeout takes seconds or minutes, as 120s or 5m; not \"" + text + "\""};
}

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             system_clock::now().time_since_epoch())
      .count();
}

Result<void> wait_for_invoices(const Options& options, steady_clock::time_point deadline) {
  ProgressLine line;
  auto settled = await_settled(options.targets, deadline, [&](const Progress& progress) {
    line.show(fmt::format("invoices {} of {}, {} messages under way", progress.invoices,
                          progress.orders, progress.unprocessed));
  });
  line.end();
  return settled;
}

Result<void> print_audit(const Options& options, std::int64_t begun_us) {
  const auto report = audit(options.targets);
  if (!report) return report.error();
  const bool timed = begun_us > 0 && report->last_effect_us > begun_us;
  const double elapsed_s =
      timed ? static_cast<double>(report->last_effect_us - begun_us) / 1'000'000.0 : 0;
  if (options.json) {
    for (const std::string& finding : report->findings)
      std::cerr << finding << '\n';
    std::cout << report_json(*report, elapsed_s) << std::endl;
  } else {
    std::cout << report_table(*report, elapsed_s) << std::flush;
  }
  if (!report->clean()) return Error{ErrorCode::internal, "the audit is not clean"};
  if (report->orders < options.orders) {
    return Error{ErrorCode::internal, fmt::format("{} orders were accepted, but {} are there",
                                                  options.orders, report->orders)};
  }
  return {};
}

Result<void> run(const Options& options, steady_clock::duration timeout) {
  const auto deadline = steady_clock::now() + timeout;
  const std::int64_t begun_us = now_us();
  DriverOptions driver{options.orders_url, options.orders, options.connections, deadline};
  ProgressLine line;
  const auto sent = send_orders(driver, [&](const DriverReport& report) {
    line.show(fmt::format("orders {} of {}, {} sent again", report.accepted, options.orders,
                          report.retries));
  });
  line.end();
  if (!sent) return sent.error();
  std::cerr << fmt::format("{} orders accepted in {:.1f} s, {} requests sent again\n",
                           sent->accepted, static_cast<double>(now_us() - begun_us) / 1e6,
                           sent->retries);
  const auto waited = wait_for_invoices(options, deadline);
  // The counts say more than the timeout: they are shown in either case.
  if (!waited) std::cerr << "outbox-demo: " << waited.error().message << '\n';
  auto audited = print_audit(options, begun_us);
  return waited ? audited : waited;
}

Result<void> audit_only(const Options& options, steady_clock::duration timeout) {
  if (timeout > steady_clock::duration::zero()) {
    const auto waited = wait_for_invoices(options, steady_clock::now() + timeout);
    if (!waited) std::cerr << "outbox-demo: " << waited.error().message << '\n';
  }
  return print_audit(options, 0);
}

int print_progress(const Options& options) {
  const auto seen = progress(options.targets);
  if (!seen) {
    std::cerr << "outbox-demo: " << seen.error().message << '\n';
    return EXIT_FAILURE;
  }
  std::cout << seen->orders << ' ' << seen->invoices << ' ' << seen->processed << std::endl;
  return EXIT_SUCCESS;
}

void add_targets(CLI::App& command, Options& options) {
  auto& targets = options.targets;
  command
      .add_option("--database", targets.orders_database,
                  "of the orders: postgresql://… or sqlite:PATH")
      ->envname("DATABASE_URL")
      ->required();
  command
      .add_option("--invoices", targets.invoices_database,
                  "of the invoices: mongodb://… or sqlite:PATH")
      ->envname("MONGO_URI")
      ->required();
  command
      .add_option("--kafka", targets.kafka_brokers,
                  "Kafka's brokers, host:port,…; without it the messages go by HTTP")
      ->envname("KAFKA_BROKERS");
  command.add_option("--mongo-database", targets.mongo_database, "the database in MongoDB")
      ->envname("OUTBOX_MONGO__DATABASE")
      ->capture_default_str();
  command.add_option("--topic", targets.topic, "the topic of the order events")
      ->capture_default_str();
  command.add_option("--outbox-table", targets.outbox_table, "the outbox table")
      ->capture_default_str();
  command.add_flag("--json", options.json, "the last line of the output is a JSON object");
}

int main_with(int argc, const char* const* argv) {
  Options options;
  CLI::App app("Sends orders, waits for their invoices, and counts what became of them",
               "outbox-demo");
  app.require_subcommand(1);
  CLI::App* run_command = app.add_subcommand("run", "send orders, wait, audit");
  run_command->add_option("--orders", options.orders, "how many orders to send")
      ->required()
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{10'000'000}));
  run_command->add_option("--orders-url", options.orders_url, "order-service")
      ->envname("ORDERS_URL")
      ->capture_default_str();
  run_command->add_option("--connections", options.connections, "HTTP connections")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  run_command->add_option("--timeout", options.timeout, "for everything but the audit: 120s, 5m")
      ->capture_default_str();
  add_targets(*run_command, options);
  std::string audit_timeout = "0s";
  CLI::App* audit_command = app.add_subcommand("audit", "count what is there");
  audit_command
      ->add_option("--timeout", audit_timeout, "wait so long for outstanding invoices first")
      ->capture_default_str();
  add_targets(*audit_command, options);
  CLI::App* progress_command = app.add_subcommand(
      "progress", "orders, invoices and processed messages so far, as three numbers");
  add_targets(*progress_command, options);
  CLI11_PARSE(app, argc, argv);

  if (progress_command->parsed()) return print_progress(options);
  const bool runs = run_command->parsed();
  const auto timeout = parse_duration(runs ? options.timeout : audit_timeout);
  const auto outcome = !timeout ? Result<void>(timeout.error())
                       : runs   ? run(options, *timeout)
                                : audit_only(options, *timeout);
  if (!outcome) {
    std::cerr << "outbox-demo: " << outcome.error().message << '\n';
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace outbox::demo

int main(int argc, char** argv) {
  return outbox::demo::main_with(argc, argv);
}
