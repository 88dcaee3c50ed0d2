#include "tests/chaos/program_faults.hpp"

#include <csignal>
#include <optional>
#include <stdexcept>
#include <utility>

#include "tests/support/eventually.hpp"

namespace outbox::chaos {
namespace {

using std::chrono::milliseconds;

constexpr int kKilled = 128 + SIGKILL;
constexpr milliseconds kEnd{5'000};
// Its own drain, which a broker that is away makes last as long as it may, and some more.
constexpr milliseconds kGracefulEnd{20'000};

struct Hold {
  milliseconds from;
  milliseconds to;
};

FaultClass killed(World& world, std::string name, const std::string& prefix, Hold hold) {
  return {std::move(name), [&world, prefix, hold](Random& random) {
            const std::string target = one_of(random, world.fleet.names(prefix));
            Fault fault{target, {target}, between(random, hold.from, hold.to), {}, {}, {}};
            const auto gone = std::make_shared<bool>(false);
            fault.inject = [&world, target, gone] {
              world.fleet.signal(target, SIGKILL);
              *gone = world.fleet.wait(target, kEnd) == kKilled;
            };
            fault.observed = [gone] { return *gone; };
            fault.heal = [&world, target] { world.fleet.start(target); };
            return fault;
          }};
}

FaultClass stopped(World& world, std::string name, const std::string& prefix, Hold hold) {
  return {std::move(name), [&world, prefix, hold](Random& random) {
            const std::string target = one_of(random, world.fleet.names(prefix));
            Fault fault{target, {target}, between(random, hold.from, hold.to), {}, {}, {}};
            fault.inject = [&world, target] { world.fleet.signal(target, SIGSTOP); };
            fault.observed = [&world, target] { return world.fleet.state(target) == 'T'; };
            fault.heal = [&world, target] { world.fleet.signal(target, SIGCONT); };
            return fault;
          }};
}

// SIGTERM; its exit code, or nothing when it had to be killed. One that was started a moment ago
// has nothing to end, and knows nothing of the signal: it is given the time.
std::optional<int> end_gracefully(World& world, const std::string& target) {
  static_cast<void>(test::eventually([&] { return world.fleet.expects(target, SIGTERM); }, kEnd));
  world.fleet.signal(target, SIGTERM);
  auto code = world.fleet.wait(target, kGracefulEnd);
  if (!code) {
    world.fleet.signal(target, SIGKILL);
    static_cast<void>(world.fleet.wait(target, kEnd));
  }
  return code;
}

// A graceful end is promised, so the lack of one is a finding.
void demand_ended(const std::optional<int>& code) {
  if (!code) throw std::runtime_error("it did not end within 20 s of SIGTERM");
  if (*code != 0) {
    throw std::runtime_error("it ended with status " + std::to_string(*code) + " after SIGTERM");
  }
}

FaultClass ended(World& world, std::string name, const std::string& prefix, Hold hold) {
  return {std::move(name), [&world, prefix, hold](Random& random) {
            const std::string target = one_of(random, world.fleet.names(prefix));
            Fault fault{target, {target}, between(random, hold.from, hold.to), {}, {}, {}};
            const auto code = std::make_shared<std::optional<int>>();
            fault.inject = [&world, target, code] {
              *code = end_gracefully(world, target);
              demand_ended(*code);
            };
            fault.observed = [code] { return *code == 0; };
            fault.heal = [&world, target] { world.fleet.start(target); };
            return fault;
          }};
}

// A deploy in which one relay has other settings than the others for a while.
FaultClass mixed_settings(World& world, Hold hold) {
  return {"relay-other-settings", [&world, hold](Random& random) {
            const std::string target = one_of(random, world.fleet.names("relay-"));
            Fault fault{target, {target}, between(random, hold.from, hold.to), {}, {}, {}};
            const auto ran = std::make_shared<bool>(false);
            fault.inject = [&world, target] {
              const auto code = end_gracefully(world, target);
              world.fleet.start(target, world.other_relay_settings);
              demand_ended(code);
            };
            fault.observed = [ran] { return *ran; };
            fault.heal = [&world, target, ran] {
              // It has not refused the settings: it still runs, and goes when it is told to.
              *ran = !world.fleet.wait(target, milliseconds{0});
              const auto code = *ran ? end_gracefully(world, target) : 0;
              world.fleet.start(target);
              demand_ended(code);
            };
            return fault;
          }};
}

}  // namespace

std::vector<FaultClass> program_faults(World& world) {
  const Hold briefly{milliseconds{200}, milliseconds{5'000}};
  const Hold some_seconds{milliseconds{2'000}, milliseconds{8'000}};
  const Hold three_leases{3 * world.lease + milliseconds{500},
                          3 * world.lease + milliseconds{2'000}};
  return {
      killed(world, "relay-sigkill", "relay-", briefly),
      stopped(world, "relay-sigstop", "relay-", three_leases),
      ended(world, "relay-sigterm", "relay-", briefly),
      mixed_settings(world, {milliseconds{5'000}, milliseconds{12'000}}),
      killed(world, "order-service-sigkill", "order-", briefly),
      stopped(world, "order-service-sigstop", "order-", some_seconds),
      ended(world, "order-service-sigterm", "order-", briefly),
      killed(world, "invoice-service-sigkill", "invoice-", briefly),
      stopped(world, "invoice-service-sigstop", "invoice-", some_seconds),
      ended(world, "invoice-service-sigterm", "invoice-", briefly),
  };
}

}  // namespace outbox::chaos
