// What the faults act on.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "tests/chaos/faults/clock_shim.hpp"
#include "tests/chaos/faults/disk_full.hpp"
#include "tests/chaos/faults/namespace.hpp"
#include "tests/chaos/fleet.hpp"
#include "tests/chaos/network.hpp"
#include "tests/support/own_stack.hpp"

namespace outbox::chaos {

// What every fault of a broker needs for itself: with two of three away there is no quorum, for
// which no relay has an answer.
inline constexpr const char* kBrokers = "kafka";
inline constexpr const char* kSmallDiskBroker = "kafka-3";

struct World {
  test::OwnStack& stack;
  Fleet& fleet;
  Network& network;
  std::map<std::string, std::unique_ptr<ClockShim>> clocks;  // by the relay's name
  // By the relay's name; empty where this user may make none.
  std::map<std::string, std::unique_ptr<NetworkNamespace>>& namespaces;
  SmallDisk* disk;           // of broker kSmallDiskBroker; null likewise
  std::string database_url;  // PostgreSQL's own, without a proxy
  std::chrono::milliseconds lease{0};
  e2e::Environment other_relay_settings;  // as a deploy with another configuration has them
};

}  // namespace outbox::chaos
