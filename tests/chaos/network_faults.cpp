#include "tests/chaos/network_faults.hpp"

#include <fmt/format.h>

#include "tests/chaos/network.hpp"

namespace outbox::chaos {
namespace {

using std::chrono::milliseconds;

// A proxy and its name for a person.
struct Way {
  TcpProxy* proxy;
  std::string name;
};

Way to_postgres(World& world, Random& random) {
  const int relay = static_cast<int>(random() % static_cast<unsigned>(world.network.relays()));
  return {&world.network.postgres(relay), fmt::format("relay-{} and PostgreSQL", relay + 1)};
}

struct Broker {
  KafkaProxy* proxy;
  std::string name;
};

Broker any_broker(World& world, Random& random) {
  const int broker = static_cast<int>(random() % static_cast<unsigned>(world.network.brokers()));
  return {&world.network.broker(broker), fmt::format("the relays and kafka-{}", broker + 1)};
}

Way to_broker(World& world, Random& random) {
  const Broker broker = any_broker(world, random);
  return {&broker.proxy->network(), broker.name};
}

std::uint64_t held(const TcpProxy& proxy, Direction direction) {
  const ProxyCounters counters = proxy.counters();
  return direction == Direction::to_server ? counters.bytes_held_to_server
                                           : counters.bytes_held_to_client;
}

// What goes one way is lost, and nobody is told.
Fault blackhole(const Way& way, Direction direction, milliseconds hold) {
  Fault fault{way.name, {way.name}, hold, {}, {}, {}};
  TcpProxy* const proxy = way.proxy;
  const auto begin = std::make_shared<std::uint64_t>(0);
  fault.inject = [proxy, direction, begin] {
    *begin = held(*proxy, direction);
    proxy->blackhole(direction, true);
  };
  fault.observed = [proxy, direction, begin] { return held(*proxy, direction) > *begin; };
  fault.heal = [proxy, direction] { proxy->blackhole(direction, false); };
  return fault;
}

Fault cut(const Way& way) {
  Fault fault{way.name, {way.name}, milliseconds{500}, {}, {}, {}};
  const auto connections = std::make_shared<std::size_t>(0);
  fault.inject = [proxy = way.proxy, connections] { *connections = proxy->cut(); };
  fault.observed = [connections] { return *connections > 0; };
  fault.heal = [] {};
  return fault;
}

Fault slow(const Way& way, milliseconds delay, milliseconds hold) {
  Fault fault{way.name, {way.name}, hold, {}, {}, {}};
  TcpProxy* const proxy = way.proxy;
  const auto begin = std::make_shared<std::uint64_t>(0);
  fault.inject = [proxy, delay, begin] {
    *begin = proxy->counters().bytes_delayed;
    proxy->delay(delay);
  };
  fault.observed = [proxy, begin] { return proxy->counters().bytes_delayed > *begin; };
  fault.heal = [proxy] { proxy->delay(milliseconds{0}); };
  return fault;
}

// The broker has taken the batches; whoever sent them does not hear of it.
Fault drop_replies(const Broker& broker, std::uint64_t count, AfterDrop after, milliseconds hold) {
  Fault fault{broker.name, {broker.name}, hold, {}, {}, {}};
  KafkaProxy* const proxy = broker.proxy;
  const auto begin = std::make_shared<std::uint64_t>(0);
  fault.inject = [proxy, count, after, begin] {
    *begin = proxy->counters().produce_replies_dropped;
    proxy->drop_produce_replies(count, after);
  };
  fault.observed = [proxy, begin] { return proxy->counters().produce_replies_dropped > *begin; };
  fault.heal = [proxy, after] {
    proxy->drop_produce_replies(0, AfterDrop::reset);
    // A silenced connection would stay so until its client's patience ends, a minute later.
    if (after == AfterDrop::silence) proxy->network().cut();
  };
  return fault;
}

using FindWay = Way (*)(World&, Random&);

FaultClass blackholes(World& world, std::string name, FindWay find, Direction direction) {
  return {std::move(name), [&world, find, direction](Random& random) {
            const Way way = find(world, random);
            return blackhole(way, direction,
                             between(random, milliseconds{1'000}, milliseconds{12'000}));
          }};
}

FaultClass cuts(World& world, std::string name, FindWay find) {
  return {std::move(name), [&world, find](Random& random) { return cut(find(world, random)); }};
}

FaultClass delays(World& world, std::string name, FindWay find) {
  return {std::move(name), [&world, find](Random& random) {
            const Way way = find(world, random);
            const milliseconds delay = between(random, milliseconds{50}, milliseconds{1'000});
            return slow(way, delay, between(random, milliseconds{2'000}, milliseconds{8'000}));
          }};
}

FaultClass dropped_replies(World& world, std::string name, AfterDrop after) {
  return {std::move(name), [&world, after](Random& random) {
            const Broker broker = any_broker(world, random);
            const std::uint64_t count = 1 + random() % 5;
            return drop_replies(broker, count, after,
                                between(random, milliseconds{3'000}, milliseconds{6'000}));
          }};
}

}  // namespace

std::vector<FaultClass> network_faults(World& world) {
  return {
      blackholes(world, "blackhole-to-postgres", to_postgres, Direction::to_server),
      blackholes(world, "blackhole-from-postgres", to_postgres, Direction::to_client),
      blackholes(world, "blackhole-to-broker", to_broker, Direction::to_server),
      blackholes(world, "blackhole-from-broker", to_broker, Direction::to_client),
      cuts(world, "cut-postgres", to_postgres),
      cuts(world, "cut-broker", to_broker),
      delays(world, "slow-postgres", to_postgres),
      delays(world, "slow-broker", to_broker),
      dropped_replies(world, "produce-replies-dropped", AfterDrop::reset),
      dropped_replies(world, "produce-replies-silenced", AfterDrop::silence),
  };
}

}  // namespace outbox::chaos
