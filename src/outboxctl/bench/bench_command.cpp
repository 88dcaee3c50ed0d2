#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <optional>
#include <sys/resource.h>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "outboxctl/bench/bench_place.hpp"
#include "outboxctl/bench/bench_relay.hpp"
#include "outboxctl/bench/bench_writers.hpp"
#include "outboxctl/commands.hpp"
#include "outboxctl/database.hpp"
#include "outboxctl/output.hpp"
#include "outboxctl/relay_config.hpp"
#include "outboxctl/text_table.hpp"
#include "support/load/percentile.hpp"
#include "support/sqlite/database.hpp"
#include "support/telemetry/log.hpp"
#include "support/telemetry/stop_signals.hpp"

namespace outbox::ctl {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLook{5};
// A drain that is slower than this a second counts as hung.
constexpr std::int64_t kLeastRate = 1'000;
constexpr seconds kPatience{60};
constexpr double kWarmUpSeconds = 1;

struct DrainResult {
  std::optional<double> rate;  // none: it was over at once
  double cpu_per_million = 0;  // seconds
};

struct LatencyResult {
  std::vector<double> commit_to_ack_ms;  // sorted
  std::vector<double> due_to_ack_ms;
};

struct Measured {
  DrainResult drain;
  LatencyResult latency;
  double peak_rss_mb = 0;
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

double peak_rss_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

// A Unix socket, 127.0.0.0/8 or ::1.
bool is_loopback(const pg::Connection& connection) {
  const char* host = PQhost(connection.raw());
  if (host != nullptr && *host == '/') return true;
  const char* address = PQhostaddr(connection.raw());
  if (address == nullptr) return false;
  in_addr v4{};
  if (::inet_pton(AF_INET, address, &v4) == 1) return ntohl(v4.s_addr) >> 24U == 127;
  return std::string_view(address) == "::1";
}

// One run, in an outbox of its own.
class Bench {
 public:
  Bench(BenchPlace& place, const BenchOptions& options, std::ostream& progress,
        std::stop_token stop)
      : place_(place), options_(options), progress_(progress), stop_(std::move(stop)) {}

  Result<Measured> run() {
    progress_ << fmt::format("writing {} messages of {} bytes\n", options_.messages,
                             options_.payload_bytes)
              << std::flush;
    auto filled = fill_outbox(place_.connection(), place_.table(), options_.messages,
                              options_.payload_bytes, stop_);
    if (!filled) return std::move(filled).error();
    if (stop_.stop_requested()) return interrupted();

    Measured measured;
    progress_ << "draining them\n" << std::flush;
    relay_.emplace(place_.settings());
    auto drained = drain();
    if (!drained) return std::move(drained).error();
    measured.drain = *drained;
    progress_ << fmt::format("{} messages a second for {} s\n", options_.rate, options_.seconds)
              << std::flush;
    auto latency = measure_latency();
    if (!latency) return std::move(latency).error();
    measured.latency = *std::move(latency);
    measured.peak_rss_mb = peak_rss_mb();
    return measured;
  }

 private:
  static Error interrupted() { return {ErrorCode::conflict, "interrupted"}; }

  // Until the relay has marked so many messages.
  Result<void> await_marked(std::int64_t messages, seconds timeout) {
    const BenchObserver& seen = relay_->observer();
    const auto deadline = steady_clock::now() + timeout;
    while (seen.marked_count() < messages) {
      if (auto problem = seen.problem()) return *std::move(problem);
      if (stop_.stop_requested()) return interrupted();
      if (steady_clock::now() >= deadline) {
        return Error{ErrorCode::timeout,
                     fmt::format("the relay has marked {} of {} messages within {} s",
                                 seen.marked_count(), messages, timeout.count())};
      }
      std::this_thread::sleep_for(kLook);
    }
    return {};
  }

  Result<DrainResult> drain() {
    const double cpu = cpu_seconds();
    auto marked =
        await_marked(options_.messages, kPatience + seconds{options_.messages / kLeastRate});
    if (!marked) return std::move(marked).error();
    return DrainResult{relay_->observer().rate(),
                       (cpu_seconds() - cpu) * 1e6 / static_cast<double>(options_.messages)};
  }

  Result<LatencyResult> measure_latency() {
    load::Schedule schedule{static_cast<double>(options_.rate),
                            static_cast<double>(options_.seconds), kWarmUpSeconds};
    load::Moments committed{schedule.messages()};
    // Outlives the relay, which writes into it.
    acknowledged_.emplace(schedule.messages());
    relay_->observer().keep_moments(&*acknowledged_);
    auto written = write_at_rate(place_.settings().source_url.reveal(), place_.table(),
                                 options_.payload_bytes, schedule, committed, stop_);
    if (!written) return std::move(written).error();
    if (stop_.stop_requested()) return interrupted();
    const auto all = options_.messages + static_cast<std::int64_t>(schedule.messages()) - 1;
    if (auto marked = await_marked(all, kPatience); !marked) return std::move(marked).error();
    LatencyResult result{load::differences(schedule, committed, *acknowledged_),
                         load::lateness(schedule, *acknowledged_)};
    std::sort(result.commit_to_ack_ms.begin(), result.commit_to_ack_ms.end());
    std::sort(result.due_to_ack_ms.begin(), result.due_to_ack_ms.end());
    return result;
  }

  BenchPlace& place_;
  const BenchOptions& options_;
  std::ostream& progress_;
  std::stop_token stop_;
  std::optional<load::Moments> acknowledged_;
  std::optional<BenchRelay> relay_;  // last: ended before the rest goes
};

constexpr std::array<std::pair<const char*, double>, 5> kPercentiles = {
    {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99.9", 99.9}, {"max", 100}}};

Json percentiles_json(const std::vector<double>& sorted) {
  Json json = Json::object();
  for (const auto& [name, percent] : kPercentiles) {
    json[name] = load::percentile(sorted, percent);
  }
  return json;
}

std::string percentiles_text(const std::vector<double>& sorted) {
  std::string text;
  for (const auto& [name, percent] : kPercentiles) {
    text += fmt::format("{}{} {:.2f}", text.empty() ? "" : "  ", name,
                        load::percentile(sorted, percent));
  }
  return text;
}

void print_json(std::ostream& out, const std::string& where, const Settings& settings,
                const BenchOptions& options, const Measured& measured) {
  Json drain{{"rate", nullptr}, {"cpu_seconds_per_million", measured.drain.cpu_per_million}};
  if (measured.drain.rate) drain["rate"] = *measured.drain.rate;
  print_line(out, {{"database", where},
                   {"sink", settings.sink_type},
                   {"messages", options.messages},
                   {"payload_bytes", options.payload_bytes},
                   {"drain", drain},
                   {"latency",
                    {{"rate", options.rate},
                     {"seconds", options.seconds},
                     {"commit_to_ack_ms", percentiles_json(measured.latency.commit_to_ack_ms)},
                     {"due_to_ack_ms", percentiles_json(measured.latency.due_to_ack_ms)}}},
                   {"peak_rss_mb", measured.peak_rss_mb}});
}

void print_text(std::ostream& out, const std::string& where, const Settings& settings,
                const BenchOptions& options, const Measured& measured) {
  const std::string to =
      settings.sink_type == "kafka" ? "Kafka at " + settings.kafka.brokers : "the null sink";
  out << fmt::format("{} to {}, {} messages of {} bytes\n", where, to, options.messages,
                     options.payload_bytes);
  TextTable table{{"MEASURE", "VALUE"}};
  table.add({"drain", measured.drain.rate ? fmt::format("{:.0f} messages/s", *measured.drain.rate)
                                          : "over at once: give more --messages"});
  table.add({"CPU of this process, relay and client",
             fmt::format("{:.2f} s per million messages", measured.drain.cpu_per_million)});
  table.add({fmt::format("commit to acknowledgement at {}/s, ms", options.rate),
             percentiles_text(measured.latency.commit_to_ack_ms)});
  table.add(
      {"the same from when each was due, ms", percentiles_text(measured.latency.due_to_ack_ms)});
  table.add({"peak memory", fmt::format("{:.0f} MB", measured.peak_rss_mb)});
  table.print(out);
}

Result<void> clean_up(pg::Connection& connection, const Settings& settings, Format format,
                      std::ostream& out) {
  const auto removed = remove_leftovers(connection, settings);
  if (!removed) return removed.error();
  if (format == Format::json) {
    print_line(out, {{"removed", *removed}});
    return {};
  }
  for (const std::string& name : *removed) {
    out << "removed " << name << '\n';
  }
  if (removed->empty()) out << "no benchmark has left anything in this database\n";
  return {};
}

// What the benchmark can be run with.
Result<void> check(const Settings& settings) {
  if (sqlite::path_of(settings.source_url.reveal())) {
    return Error{ErrorCode::invalid_argument, "bench measures outboxes in PostgreSQL, not SQLite"};
  }
  if (settings.sink_type != "kafka" && settings.sink_type != "null") {
    return Error{ErrorCode::invalid_argument,
                 "bench sends to Kafka or to nowhere, not to sink.type=" + settings.sink_type +
                     "; give --set sink.type=kafka or null"};
  }
  if (settings.kafka.exactly_once) {
    return Error{ErrorCode::invalid_argument,
                 "bench measures without Kafka's transactions; give --set sink.exactly_once=false"};
  }
  return {};
}

Result<void> check_meant(const pg::Connection& connection, bool yes, const BenchOptions& options) {
  if (yes || is_loopback(connection)) return {};
  return Error{
      ErrorCode::invalid_argument,
      fmt::format("{} is not on this machine, and the benchmark loads it and its broker "
                  "with {} messages and then {}/s for {} s; if you mean it, add --yes",
                  admin::where_is(connection), options.messages, options.rate, options.seconds)};
}

Result<Measured> measure(pg::Connection connection, const Settings& settings,
                         const BenchOptions& options, Console& console) {
  const telemetry::StopSignals signals;
  auto place = BenchPlace::make(std::move(connection), settings);
  if (!place) return std::move(place).error();
  Result<Measured> measured = Bench{*place, options, console.err, signals.token()}.run();
  if (auto removed = place->remove(); !removed) {
    if (measured) return std::move(removed).error();
    return Error{measured.error().code, measured.error().message + "; " + removed.error().message};
  }
  return measured;
}

}  // namespace

Result<void> run_bench(const CommonOptions& common, const ConfigOptions& config,
                       const BenchOptions& options, Console& console) {
  Settings settings;
  if (const auto loaded = load_settings(config, settings); !loaded) return loaded.error();
  if (auto fit = check(settings); !fit) return fit;
  if (auto log = telemetry::init_log("warn", settings.log_format); !log) return log;
  auto connection = connect_postgres(settings.source_url.reveal());
  if (!connection) return std::move(connection).error();
  if (options.cleanup) return clean_up(*connection, settings, common.format, console.out);
  if (auto meant = check_meant(*connection, common.yes, options); !meant) return meant;
  const auto left = leftovers(*connection);
  if (!left) return left.error();
  if (!left->empty()) {
    console.err << "a benchmark that was killed has left " << left->front()
                << (left->size() > 1 ? " and more" : "")
                << "; outboxctl bench --cleanup removes it\n";
  }
  const std::string where = admin::where_is(*connection);
  const auto measured = measure(*std::move(connection), settings, options, console);
  if (!measured) return measured.error();
  (common.format == Format::json ? print_json : print_text)(console.out, where, settings, options,
                                                            *measured);
  return {};
}

}  // namespace outbox::ctl
