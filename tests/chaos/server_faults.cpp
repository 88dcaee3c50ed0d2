#include "tests/chaos/server_faults.hpp"

#include <csignal>

#include "tests/chaos/session_faults.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::chaos {
namespace {

using std::chrono::milliseconds;

// A broker that ends in order hands its partitions over and closes its log.
constexpr milliseconds kBrokerEnd{15'000};
std::string any_broker(Random& random) {
  static const std::vector<std::string> kNames{"kafka-1", "kafka-2", "kafka-3"};
  return one_of(random, kNames);
}

// SIGKILL of all its processes, and a start on the same data.
Fault crash(World& world, const std::string& server, const std::string& process,
            std::vector<std::string> resources, milliseconds hold) {
  Fault fault{server, std::move(resources), hold, {}, {}, {}};
  const auto pid = std::make_shared<pid_t>(0);
  fault.inject = [&world, server, process, pid] {
    *pid = world.stack.pid(process);
    world.stack.kill(server);
  };
  fault.observed = [pid] { return *pid != 0 && is_gone(*pid); };
  fault.heal = [&world, server] { world.stack.start(server); };
  return fault;
}

Fault halt(World& world, const std::string& process, std::vector<std::string> resources,
           milliseconds hold) {
  Fault fault{process, std::move(resources), hold, {}, {}, {}};
  const auto pid = std::make_shared<pid_t>(0);
  fault.inject = [&world, process, pid] {
    *pid = world.stack.pid(process);
    ::kill(*pid, SIGSTOP);
  };
  fault.observed = [pid] { return *pid != 0 && process_state(*pid) == 'T'; };
  fault.heal = [pid] {
    if (*pid != 0) ::kill(*pid, SIGCONT);
  };
  return fault;
}

Fault restart_broker(World& world, const std::string& broker, milliseconds hold) {
  Fault fault{broker, {kBrokers}, hold, {}, {}, {}};
  const auto pid = std::make_shared<pid_t>(0);
  fault.inject = [&world, broker, pid] {
    *pid = world.stack.pid(broker);
    ::kill(*pid, SIGTERM);
    static_cast<void>(test::eventually([&] { return is_gone(*pid); }, kBrokerEnd));
  };
  fault.observed = [pid] { return *pid != 0 && is_gone(*pid); };
  fault.heal = [&world, broker] { world.stack.start(broker); };
  return fault;
}

FaultClass postgres_crash(World& world) {
  return {"postgres-crash", [&world](Random& random) {
            return crash(world, "postgres", "postgres", {"postgres"},
                         between(random, milliseconds{100}, milliseconds{3'000}));
          }};
}

}  // namespace

std::vector<FaultClass> kafka_faults(World& world) {
  return {
      {"broker-sigkill",
       [&world](Random& random) {
         const std::string broker = any_broker(random);
         return crash(world, broker, broker, {kBrokers},
                      between(random, milliseconds{1'000}, milliseconds{6'000}));
       }},
      {"broker-sigstop",
       [&world](Random& random) {
         const std::string broker = any_broker(random);
         return halt(world, broker, {kBrokers},
                     between(random, milliseconds{2'000}, milliseconds{12'000}));
       }},
      {"broker-restart",
       [&world](Random& random) {
         const std::string broker = any_broker(random);
         return restart_broker(world, broker,
                               between(random, milliseconds{500}, milliseconds{3'000}));
       }},
  };
}

std::vector<FaultClass> postgres_faults(World& world) {
  std::vector<FaultClass> classes = session_faults(world);
  classes.push_back(postgres_crash(world));
  return classes;
}

std::vector<FaultClass> mongo_faults(World& world) {
  return {
      {"mongo-sigkill",
       [&world](Random& random) {
         return crash(world, "mongo", "mongo", {"mongo"},
                      between(random, milliseconds{500}, milliseconds{4'000}));
       }},
      {"mongo-sigstop",
       [&world](Random& random) {
         return halt(world, "mongo", {"mongo"},
                     between(random, milliseconds{2'000}, milliseconds{8'000}));
       }},
  };
}

}  // namespace outbox::chaos
