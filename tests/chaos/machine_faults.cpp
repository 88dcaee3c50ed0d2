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

}  // namespace

std::vector<FaultClass> machine_faults(World& world) {
  return {
      {"clock-jump-forward", [&world](Random& random) { return clock_jump(world, random, kJump); }},
      {"clock-jump-back", [&world](Random& random) { return clock_jump(world, random, -kJump); }},
  };
}

}  // namespace outbox::chaos
