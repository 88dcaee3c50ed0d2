#include "tests/chaos/machine_faults.hpp"

namespace outbox::chaos {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::hours kJump{1};

// One relay's wall clock jumps, and later jumps back.
Fault clock_jump(World& world, Random& random, std::chrono::seconds offset) {
  const std::string relay = one_of(random, world.fleet.names("relay-"));
  const std::string clock_name = "the clock of " + relay;
  Fault fault{clock_name, {clock_name}, between(random, milliseconds{3'000}, milliseconds{15'000}),
              {},         {},           {}};
  ClockShim* const clock = world.clocks.at(relay).get();
  const auto begin = std::make_shared<std::uint64_t>(0);
  fault.inject = [clock, offset, begin] {
    *begin = clock->shifted_calls();
    clock->set_offset(offset);
  };
  // The relay has been told the wrong time.
  fault.observed = [clock, begin] { return clock->shifted_calls() > *begin; };
  fault.heal = [clock] { clock->set_offset(std::chrono::seconds{0}); };
  return fault;
}

// One relay loses everything that it sends, or everything that it is sent.
Fault partition(World& world, Random& random, Direction direction) {
  const std::string relay = one_of(random, world.fleet.names("relay-"));
  const std::string network_name = "the network of " + relay;
  Fault fault{network_name,
              {network_name},
              between(random, milliseconds{1'000}, 3 * world.lease),
              {},
              {},
              {}};
  NetworkNamespace* const network = world.namespaces.at(relay).get();
  const auto begin = std::make_shared<std::uint64_t>(0);
  fault.inject = [network, direction, begin] {
    *begin = network->packets_lost();
    network->blackhole(direction, true);
  };
  fault.observed = [network, begin] { return network->packets_lost() > *begin; };
  fault.heal = [network, direction] { network->blackhole(direction, false); };
  return fault;
}

// The broker gives up its folder, and itself, when it cannot write: it is started again with room.
Fault full_disk(World& world, milliseconds hold) {
  Fault fault{"the disk of " + std::string{kSmallDiskBroker}, {kBrokers}, hold, {}, {}, {}};
  const auto pid = std::make_shared<pid_t>(0);
  fault.inject = [&world, pid] {
    *pid = world.stack.pid(kSmallDiskBroker);
    world.disk->fill();
  };
  fault.observed = [pid] { return *pid != 0 && is_gone(*pid); };
  fault.heal = [&world] {
    world.disk->free();
    world.stack.kill(kSmallDiskBroker);
    world.stack.start(kSmallDiskBroker);
  };
  return fault;
}

}  // namespace

std::vector<FaultClass> machine_faults(World& world) {
  std::vector<FaultClass> classes{
      {"clock-jump-forward", [&world](Random& random) { return clock_jump(world, random, kJump); }},
      {"clock-jump-back", [&world](Random& random) { return clock_jump(world, random, -kJump); }},
  };
  if (!world.namespaces.empty()) {
    classes.push_back({"relay-sends-into-nothing", [&world](Random& random) {
                         return partition(world, random, Direction::to_server);
                       }});
    classes.push_back({"relay-hears-nothing", [&world](Random& random) {
                         return partition(world, random, Direction::to_client);
                       }});
  }
  if (world.disk != nullptr) {
    classes.push_back({"broker-disk-full", [&world](Random& random) {
                         return full_disk(
                             world, between(random, milliseconds{4'000}, milliseconds{8'000}));
                       }});
  }
  return classes;
}

}  // namespace outbox::chaos
