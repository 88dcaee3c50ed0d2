// Holds what the topic has against what was committed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/chaos/history.hpp"

namespace outbox::chaos {

struct Verdict {
  std::int64_t committed = 0;
  std::int64_t delivered = 0;   // committed messages that are in the topic
  std::int64_t given_up = 0;    // not in the topic, and an operator sees them as dead or discarded
  std::int64_t lost = 0;        // neither
  std::int64_t phantom = 0;     // records that no committed transaction wrote
  std::int64_t inversions = 0;  // first came behind a later message of the same key
  std::int64_t moved = 0;       // first came in another partition than the key's first message
  std::int64_t duplicates = 0;  // records beyond a message's first one
  std::vector<std::string> findings;  // the first kMaxFindings offending messages, for a person

  std::vector<std::string> repeats;  // the first duplicates, as many

  static constexpr std::size_t kMaxFindings = 40;

  // No promise is broken. Duplicates are judged apart, against their bound.
  [[nodiscard]] bool kept() const { return lost + phantom + inversions + moved == 0; }
};

[[nodiscard]] Verdict check(const History& history);

}  // namespace outbox::chaos
