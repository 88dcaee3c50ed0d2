// One fault: what it does, how its effect is seen, how it ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace outbox::chaos {

// Thrown by Fault::inject where there is nothing to do it to, as another fault has taken that away.
class NothingToBreak : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Fault {
  std::string target;  // for a person: "relay-2"
  // What it needs for itself: two faults that share one do not overlap.
  std::vector<std::string> resources;
  // From inject to heal.
  std::chrono::milliseconds hold{0};

  // Called in this order, by one thread, `observed` again and again between the other two until it
  // is true, and once more after `heal`. Only a fault whose effect was seen counts. Each may throw,
  // which leads to heal() and, but for NothingToBreak, is a finding of the run. heal() leaves
  // everything as it was before.
  std::function<void()> inject;
  std::function<bool()> observed;
  std::function<void()> heal;
};

using Random = std::mt19937_64;

// Makes a fault of its class, with a target and a duration by the seed.
struct FaultClass {
  std::string name;
  std::function<Fault(Random&)> make;
};

// Uniform in [from, to].
[[nodiscard]] std::chrono::milliseconds between(Random& random, std::chrono::milliseconds from,
                                                std::chrono::milliseconds to);
[[nodiscard]] const std::string& one_of(Random& random, const std::vector<std::string>& choices);

}  // namespace outbox::chaos
