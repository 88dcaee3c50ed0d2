#include "tests/chaos/system.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>

#include <fmt/format.h>

#include "support/pg/connection.hpp"
#include "tests/chaos/load.hpp"
#include "tests/chaos/truth.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/kafka_topic.hpp"

namespace outbox::chaos {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kBrokerCount = 3;  // the last of them has the small disk
// Every message of a long run several times over.
constexpr std::uint64_t kDiskBytes = 512ULL << 20U;
constexpr int kInvoiceServices = 2;
constexpr seconds kLease{5};

// Batches are small, so that the bound for duplicates says something.
const std::map<std::string, std::string> kRelaySettings{{"relay.batch_size", "500"},
                                                        {"relay.batches_in_flight", "4"},
                                                        {"relay.lease", "5s"},
                                                        {"retry.max_delay", "2s"}};
const std::map<std::string, std::string> kOtherRelaySettings{{"relay.batch_size", "50"},
                                                             {"relay.batches_in_flight", "16"}};

std::string variable_of(const std::string& setting) {
  std::string name = "OUTBOX_";
  for (const char c : setting) {
    if (c == '.') {
      name += "__";
    } else {
      name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
  }
  return name;
}

std::string output_of(const std::string& command) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe{
      popen(command.c_str(), "r"), &pclose};  // NOLINT(cert-env33-c): our own program
  std::string output;
  std::array<char, 4'096> buffer{};
  while (pipe != nullptr) {
    const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe.get());
    if (size == 0) break;
    output.append(buffer.data(), size);
  }
  return output;
}

// A program of another version may not have them all: it would refuse what it does not know.
std::map<std::string, std::string> known_settings(const std::string& program,
                                                  std::map<std::string, std::string> settings) {
  const std::string known = output_of("'" + program + "' --example-config");
  std::erase_if(settings, [&](const auto& setting) {
    const std::string name = setting.first.substr(setting.first.rfind('.') + 1);
    const bool missing = known.find(name + " =") == std::string::npos;
    if (missing) {
      std::fprintf(stderr, "    outbox-processor has no setting %s: left out\n",
                   setting.first.c_str());
    }
    return missing;
  });
  return settings;
}

e2e::Environment environment_of(const std::map<std::string, std::string>& settings) {
  e2e::Environment environment;
  for (const auto& [name, value] : settings) {
    environment[variable_of(name)] = value;
  }
  return environment;
}

// The members of a killed one's group get its partitions when its session has timed out.
std::string invoice_config(const std::string& folder) {
  std::string path = folder + "/invoice-service.toml";
  std::ofstream file{path};
  file << "[kafka.properties]\n\"session.timeout.ms\" = \"6000\"\n";
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
  return path;
}

std::string relay_name(int relay) {
  return "relay-" + std::to_string(relay + 1);
}

std::map<std::string, std::unique_ptr<NetworkNamespace>> make_namespaces(int relays) {
  std::map<std::string, std::unique_ptr<NetworkNamespace>> namespaces;
  if (!NetworkNamespace::available()) {
    std::fputs("    network namespaces need root: the relays share the host's network\n", stderr);
    return namespaces;
  }
  for (int relay = 0; relay < relays; ++relay) {
    namespaces[relay_name(relay)] = std::make_unique<NetworkNamespace>();
  }
  return namespaces;
}

// One that every namespace reaches.
std::string host_address(
    const std::map<std::string, std::unique_ptr<NetworkNamespace>>& namespaces) {
  return namespaces.empty() ? "127.0.0.1" : namespaces.begin()->second->host_address();
}

std::unique_ptr<SmallDisk> make_disk() {
  if (!SmallDisk::available()) {
    std::fputs("    a small disk needs root: no disk of a broker is ever full\n", stderr);
    return nullptr;
  }
  return std::make_unique<SmallDisk>(OUTBOX_SOURCE_DIR "/.stack/chaos-disk", kDiskBytes);
}

std::string stack_options(const Network& network, const SmallDisk* disk) {
  std::string options =
      fmt::format("--brokers {} --advertise {}", network.brokers(), network.advertised());
  if (disk != nullptr) {
    options += fmt::format(" --broker-dir {}='{}'", kBrokerCount, disk->folder().string());
  }
  return options;
}

}  // namespace

System::System(const Options& options)
    : namespaces_(make_namespaces(options.relays)),
      network_(host_address(namespaces_), options.relays, kBrokerCount),
      disk_(make_disk()),
      stack_("chaos", "postgres,kafka,mongo", stack_options(network_, disk_.get())),
      fleet_(stack_.logs()),
      world_{.stack = stack_,
             .fleet = fleet_,
             .network = network_,
             .clocks = {},
             .namespaces = namespaces_,
             .disk = disk_.get(),
             .database_url = stack_.variable("OUTBOX_TEST_POSTGRES"),
             .lease = kLease,
             .other_relay_settings = {}} {
  network_.begin(world_.database_url, stack_.variable("OUTBOX_TEST_KAFKA_PROXIED"));
  const std::string relay = options.programs + "/outbox-processor";
  auto settings = kRelaySettings;
  if (options.exactly_once) settings["sink.exactly_once"] = "true";
  for (const std::string& setting : options.relay_settings) {
    const std::size_t at = setting.find('=');
    if (at == std::string::npos) throw std::runtime_error("--relay-setting takes path=value");
    settings[setting.substr(0, at)] = setting.substr(at + 1);
  }
  relay_settings_ = known_settings(relay, std::move(settings));
  world_.other_relay_settings = environment_of(kOtherRelaySettings);
  make_tables(options);
  test::KafkaTopic::create(brokers(), kTopic, kPartitions);
  start_programs(options);
}

std::int64_t System::in_flight_bound() const {
  const auto in_flight = [](const Settings& settings) {
    return std::stoll(settings.at("relay.batch_size")) *
           std::stoll(settings.at("relay.batches_in_flight"));
  };
  return std::max(in_flight(relay_settings_), in_flight(kOtherRelaySettings));
}

void System::outboxctl(const Options& options, const std::vector<std::string>& arguments) const {
  const std::string log = stack_.logs() + "/outboxctl.log";
  std::vector<std::string> line{options.programs + "/outboxctl"};
  line.insert(line.end(), arguments.begin(), arguments.end());
  e2e::Process process{line, {{"DATABASE_URL", world_.database_url}}, log};
  if (process.wait(seconds{60}) != 0) {
    throw std::runtime_error("outboxctl " + arguments.front() + " failed; see " + log);
  }
}

void System::make_tables(const Options& options) const {
  outboxctl(options, {"migrate"});
  outboxctl(options, {"source", "use", options.source});
  auto connection = pg::Connection::connect(world_.database_url);
  if (!connection) throw std::runtime_error(connection.error().message);
  if (auto made = make_truth_tables(*connection, pool_of_keys(options.seed)); !made) {
    throw std::runtime_error(made.error().message);
  }
}

e2e::Environment System::relay_environment(int relay) const {
  e2e::Environment environment = environment_of(relay_settings_);
  environment["DATABASE_URL"] = network_.postgres_url(relay, world_.database_url);
  environment["OUTBOX_SINK__BROKERS"] = network_.advertised();
  environment["OUTBOX_SINK__ROUTES__ORDER"] = kTopic;
  // A build with planted faults is told which one to show.
  const char* mutant = std::getenv("OUTBOX_MUTANT");  // NOLINT(concurrency-mt-unsafe)
  if (mutant != nullptr) environment["OUTBOX_MUTANT"] = mutant;
  return environment;
}

void System::start_programs(const Options& options) {
  fleet_.add({"order-service",
              {options.programs + "/order-service"},
              {{"DATABASE_URL", world_.database_url}}});
  const std::string config = invoice_config(stack_.logs());
  for (int number = 1; number <= kInvoiceServices; ++number) {
    fleet_.add({"invoice-service-" + std::to_string(number),
                {options.programs + "/invoice-service"},
                {{"OUTBOX_CONFIG", config},
                 {"OUTBOX_KAFKA__BROKERS", brokers()},
                 {"MONGO_URI", mongo_uri()}}});
  }
  for (int relay = 0; relay < options.relays; ++relay) {
    const std::string name = relay_name(relay);
    auto& clock = world_.clocks[name];
    clock = std::make_unique<ClockShim>(stack_.logs() + "/" + name + ".clock");
    e2e::Environment environment = relay_environment(relay);
    environment.merge(clock->environment());
    std::vector<std::string> command{options.programs + "/outbox-processor"};
    if (!namespaces_.empty()) command = namespaces_.at(name)->command(command);
    fleet_.add({name, std::move(command), std::move(environment)});
  }
}

}  // namespace outbox::chaos
