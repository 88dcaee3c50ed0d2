// Interleavings in which an obvious reader loses, swaps or delays messages. The right one must come
// through all of them with an empty verdict, and each wrong one must be caught.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "tests/reader/trial.hpp"

namespace outbox::test {

struct Scenario {
  std::string name;
  void (*run)(Trial& trial) = nullptr;

  friend std::ostream& operator<<(std::ostream& out, const Scenario& scenario) {
    return out << scenario.name;
  }
};

[[nodiscard]] std::vector<Scenario> all_scenarios();

// Runs one of them by its name.
[[nodiscard]] Verdict verdict_of(MakeReader make_reader, const std::string& scenario);

}  // namespace outbox::test
