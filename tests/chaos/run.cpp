#include "tests/chaos/run.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>

#include "sources/postgres_table/status_reader.hpp"
#include "tests/chaos/effects.hpp"
#include "tests/chaos/fault_runner.hpp"
#include "tests/chaos/load.hpp"
#include "tests/chaos/machine_faults.hpp"
#include "tests/chaos/network_faults.hpp"
#include "tests/chaos/observer.hpp"
#include "tests/chaos/order_load.hpp"
#include "tests/chaos/position_sampler.hpp"
#include "tests/chaos/program_faults.hpp"
#include "tests/chaos/server_faults.hpp"
#include "tests/chaos/system.hpp"
#include "tests/chaos/truth.hpp"

namespace outbox::chaos {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kProgressEvery{15'000};
constexpr milliseconds kLookEvery{200};
constexpr milliseconds kRestartAfter{2'000};
constexpr std::size_t kMostFindings = 100;
constexpr milliseconds kStartUp{60'000};
constexpr milliseconds kLongestHealing{180'000};
// Beyond what is allowed, so that a slow drain is told from one that never ends.
constexpr milliseconds kLongestDrain{120'000};
// When all is marked and nothing more has come for so long, nothing will.
constexpr milliseconds kSilence{15'000};
constexpr milliseconds kLongestEffects{180'000};

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

std::vector<FaultClass> classes_of(World& world, const std::vector<std::string>& only) {
  std::vector<FaultClass> classes;
  for (auto make : {program_faults, postgres_faults, kafka_faults, mongo_faults, network_faults,
                    machine_faults}) {
    std::ranges::move(make(world), std::back_inserter(classes));
  }
  std::string known;
  for (const FaultClass& known_class : classes) {
    known += " " + known_class.name;
  }
  for (const std::string& name : only) {
    if (std::ranges::none_of(classes, [&](const auto& c) { return c.name == name; })) {
      throw std::runtime_error("--only: there is no fault class " + name + "; there are:" + known);
    }
  }
  std::erase_if(classes, [&](const FaultClass& c) {
    return !only.empty() && std::ranges::find(only, c.name) == only.end();
  });
  return classes;
}

// How often the text occurs in a file.
std::int64_t occurrences(const std::string& path, const std::string& text) {
  std::ifstream file{path};
  std::int64_t count = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.find(text) != std::string::npos) ++count;
  }
  return count;
}

class Run {
 public:
  Run(const Options& options, const std::atomic<bool>& interrupted)
      : options_(options),
        interrupted_(interrupted),
        system_(options),
        faults_(classes_of(system_.world(), options.only), options.seed,
                [this](const std::string& line) { tell(line); }) {
    report_.seed = options.seed;
    report_.minutes = options.minutes;
    report_.source = options.source;
    report_.exactly_once = options.exactly_once;
    report_.in_flight_bound = options.exactly_once ? 0 : system_.in_flight_bound();
  }

  Report run() {
    await_start();
    load_under_faults();
    stop_writing();
    drain();
    await_effects();
    judge();
    if (options_.keep || !report_.broken().empty()) {
      system_.stack().keep_folder();
      report_.notes.push_back("logs: " + system_.stack().logs());
    }
    return std::move(report_);
  }

 private:
  void tell(const std::string& line) const {
    const std::string text = fmt::format("{:7.1f} s  {}\n", seconds_since(began_), line);
    std::fputs(text.c_str(), stderr);
  }

  void check_interrupted() const {
    if (interrupted_) throw std::runtime_error("interrupted");
  }

  // Looks again and again until `done`, prints progress and keeps the programs running.
  template <class Done>
  bool await(milliseconds timeout, Done done) {
    const auto deadline = Clock::now() + timeout;
    while (!done()) {
      check_interrupted();
      supervise();
      if (Clock::now() >= next_progress_) progress();
      if (Clock::now() >= deadline) return false;
      std::this_thread::sleep_for(kLookEvery);
    }
    return true;
  }

  void await_start() {
    tell(fmt::format("seed {}: starting the load, {} messages/s", options_.seed, options_.rate));
    next_progress_ = Clock::now() + kProgressEvery;
    load_.emplace(
        LoadOptions{system_.database_url(), options_.seed, options_.writers, options_.rate});
    orders_.emplace(system_.fleet().url("order-service"));
    observer_.emplace(system_.brokers(), kTopic, kPartitions);
    sampler_.emplace(system_.database_url());
    if (!await(kStartUp, [&] { return observer_->messages() > 0; })) {
      throw std::runtime_error("nothing was delivered within a minute; see " +
                               system_.stack().logs());
    }
  }

  void load_under_faults() {
    const auto length = std::chrono::duration_cast<milliseconds>(
        std::chrono::duration<double>(options_.minutes * 60));
    const auto until = Clock::now() + length;
    std::atomic<bool> over{false};
    std::jthread faulting{[&](const std::stop_token& stop) {
      faults_.run(until, stop);
      over = true;
    }};
    if (!await(length + kLongestHealing, [&] { return over.load(); })) {
      throw std::runtime_error("the faults did not heal in time; see " + system_.stack().logs());
    }
  }

  void stop_writing() {
    const FaultTotals totals = faults_.totals();
    healed_ = totals.count() > 0 ? totals.last_healed : Clock::now();
    tell("all is healed; the writers stop");
    load_->stop();
    for (const std::string& refusal : orders_->stop()) {
      find("order-service refused an order: " + refusal);
    }
    system_.fleet().signal("order-service", SIGTERM);
    static_cast<void>(system_.fleet().wait("order-service", milliseconds{15'000}));
    orders_over_ = true;
    if (auto resolved = load_->resolve_prepared(milliseconds{30'000}); !resolved) {
      throw std::runtime_error(resolved.error().message);
    }
  }

  void drain() {
    auto connection = pg::Connection::connect(system_.database_url());
    if (!connection) throw std::runtime_error(connection.error().message);
    auto truth = read_truth(*connection);
    if (!truth) throw std::runtime_error(truth.error().message);
    truth_ = *std::move(truth);
    tell(fmt::format("{} messages are committed, {} are in the topic", truth_.messages.size(),
                     observer_->messages()));
    await_drained();
    report_.drain_s = seconds_since(healed_);
    tell(report_.drained ? "drained" : "not drained");
    if (auto given_up = read_truth(*connection)) truth_.given_up = std::move(given_up->given_up);
  }

  // Until nothing is pending and everything is in the topic, or it is clear that it will not come.
  void await_drained() {
    postgres_table::StatusReader status{system_.database_url(), "outbox", milliseconds{0}};
    const auto wanted = static_cast<std::int64_t>(truth_.messages.size());
    std::int64_t seen = -1;
    auto grown = Clock::now();
    await(kLongestDrain, [&] {
      if (observer_->messages() > seen) {
        seen = observer_->messages();
        grown = Clock::now();
      }
      const Result<SourceStatus> now = status.read();
      const bool settled = now && now->pending == 0 && now->retrying == 0;
      // Dead ones will not come, nor what waits behind them.
      report_.drained = settled && (seen >= wanted || now->dead > 0);
      return report_.drained || (settled && Clock::now() - grown > kSilence);
    });
  }

  void await_effects() {
    const auto wanted = static_cast<std::int64_t>(truth_.orders.size());
    const bool done = await(report_.drained ? kLongestEffects : kSilence,
                            [&] { return effects_.count() >= wanted; });
    report_.effects_s = seconds_since(healed_);
    tell(done ? "every invoice is there" : "invoices are missing");
  }

  void judge() {
    History history{std::move(truth_.messages), observer_->stop(), std::move(truth_.given_up)};
    report_.verdict = check(history);
    const PositionWatch& watch = sampler_->stop();
    report_.epoch_regressions = watch.regressions();
    report_.position_samples = watch.samples();
    std::ranges::copy(watch.findings(), std::back_inserter(report_.findings));
    const FaultTotals totals = faults_.totals();
    report_.faults_by_class = totals.observed;
    report_.faults_unseen = totals.unobserved;
    std::ranges::copy(totals.problems, std::back_inserter(report_.findings));
    for (const auto& [name, count] : totals.observed) {
      if (name.starts_with("relay-")) report_.kills += count;
    }
    for (const std::string& relay : system_.fleet().names("relay-")) {
      const std::string log = system_.fleet().log(relay);
      report_.reconnects += occurrences(log, "connected to the outbox");
      report_.new_producers += occurrences(log, "the producer is restarted");
    }
    effects_.judge(truth_, report_);
    const LoadCounts& counts = load_->counts();
    report_.notes.push_back(
        fmt::format("writers: {} rolled back, {} savepoints, {} slow, {} prepared, {} failed",
                    counts.rolled_back.load(), counts.savepoints.load(), counts.slow.load(),
                    counts.prepared.load(), counts.failed.load()));
  }

  // A program that ends by itself, with no fault at work on it, is a finding; it is started again,
  // as a service manager would.
  void supervise() {
    if (Clock::now() < next_look_after_) return;
    for (const std::string& name : system_.fleet().names("")) {
      if ((orders_over_ && name == "order-service") || !faults_.try_hold({name})) continue;
      if (const auto code = system_.fleet().wait(name, milliseconds{0})) {
        find(fmt::format("{} ended by itself with status {}: {}", name, *code,
                         system_.fleet().last_words(name)));
        system_.fleet().start(name);
        next_look_after_ = Clock::now() + kRestartAfter;
      }
      faults_.release({name});
    }
  }

  void find(const std::string& finding) {
    tell(finding);
    if (report_.findings.size() < kMostFindings) report_.findings.push_back(finding);
  }

  void progress() {
    next_progress_ = Clock::now() + kProgressEvery;
    tell(fmt::format("committed about {}, in the topic {} messages in {} records; {} faults",
                     load_->counts().messages.load(), observer_->messages(), observer_->records(),
                     faults_.totals().count()));
  }

  const Options& options_;
  const std::atomic<bool>& interrupted_;
  const Clock::time_point began_ = Clock::now();
  Clock::time_point next_progress_;
  Clock::time_point next_look_after_;  // the programs
  Clock::time_point healed_;
  Report report_;
  System system_;
  FaultRunner faults_;
  Effects effects_{system_.mongo_uri()};
  std::optional<Load> load_;
  std::optional<OrderLoad> orders_;
  std::optional<Observer> observer_;
  std::optional<PositionSampler> sampler_;
  Truth truth_;
  bool orders_over_ = false;
};

}  // namespace

Report run(const Options& options, const std::atomic<bool>& interrupted) {
  return Run{options, interrupted}.run();
}

}  // namespace outbox::chaos
