// What a run found, for a person and as JSON.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/chaos/checker.hpp"

namespace outbox::chaos {

struct Report {
  std::uint64_t seed = 0;
  double minutes = 0;
  std::string source = "table";
  bool exactly_once = false;
  Verdict verdict;
  std::map<std::string, std::int64_t> faults_by_class;  // whose effect was seen
  std::map<std::string, std::int64_t> faults_unseen;
  std::int64_t epoch_regressions = 0;
  std::int64_t position_samples = 0;
  std::int64_t orders = 0;
  std::int64_t orders_without_invoice = 0;  // or with a wrong one
  std::int64_t duplicate_effects = 0;
  // After each of these a relay may send again what it had in flight.
  std::int64_t kills = 0;       // of a relay or of what it is connected to
  std::int64_t reconnects = 0;  // of relays to their database, and takeovers
  std::int64_t new_producers = 0;
  std::int64_t in_flight_bound = 0;  // messages, for each of them
  bool drained = false;
  double drain_s = 0;                 // from the last healing until nothing was pending
  double effects_s = 0;               // until every invoice was there
  std::vector<std::string> findings;  // beyond the verdict's: what broke a promise
  std::vector<std::string> notes;     // what breaks none

  [[nodiscard]] std::int64_t interruptions() const { return kills + reconnects + new_producers; }
  [[nodiscard]] std::int64_t duplicates_bound() const { return interruptions() * in_flight_bound; }
  // Each promise that was broken, in words; empty when all were kept.
  [[nodiscard]] std::vector<std::string> broken() const;
};

[[nodiscard]] std::string to_json(const Report& report);
[[nodiscard]] std::string to_text(const Report& report);

}  // namespace outbox::chaos
