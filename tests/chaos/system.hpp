// The real system under chaos: servers, programs, and how they are wired.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/chaos/fleet.hpp"
#include "tests/chaos/network.hpp"
#include "tests/chaos/options.hpp"
#include "tests/chaos/world.hpp"
#include "tests/support/own_stack.hpp"

namespace outbox::chaos {

inline constexpr const char* kTopic = "order-events";
inline constexpr int kPartitions = 6;

// Starts everything; what it started ends with it. Throws when something does not come up.
class System {
 public:
  explicit System(const Options& options);

  [[nodiscard]] World& world() { return world_; }
  [[nodiscard]] test::OwnStack& stack() { return stack_; }
  [[nodiscard]] Fleet& fleet() { return fleet_; }
  [[nodiscard]] std::string database_url() const { return world_.database_url; }
  [[nodiscard]] std::string brokers() const { return stack_.variable("OUTBOX_TEST_KAFKA"); }
  [[nodiscard]] std::string mongo_uri() const { return stack_.variable("OUTBOX_TEST_MONGO"); }
  // Messages that a relay may have sent and not marked, by its settings.
  [[nodiscard]] std::int64_t in_flight_bound() const;

 private:
  using Settings = std::map<std::string, std::string>;

  void outboxctl(const Options& options, const std::vector<std::string>& arguments) const;
  void make_tables(const Options& options) const;
  void start_programs(const Options& options);
  [[nodiscard]] e2e::Environment relay_environment(int relay) const;

  // In the order in which one needs the other.
  std::map<std::string, std::unique_ptr<NetworkNamespace>> namespaces_;
  Network network_;
  std::unique_ptr<SmallDisk> disk_;
  test::OwnStack stack_;
  Fleet fleet_;
  Settings relay_settings_;
  World world_;
};

}  // namespace outbox::chaos
