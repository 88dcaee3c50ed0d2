#pragma once

#include <cstdint>

namespace outbox {

enum class PoisonAction : std::uint8_t {
  block,  // tried for ever, and its key waits
  park,   // dead after max_attempts, and its key waits for an operator
  skip,   // dead at once, and its key goes on without it
};

// What becomes of a message that is itself at fault. What the destination or a topic has to answer
// for never counts as an attempt.
struct PoisonPolicy {
  PoisonAction action = PoisonAction::block;
  int max_attempts = 20;  // 1 or more; of park

  [[nodiscard]] bool gives_up(int attempts) const {
    return action == PoisonAction::skip ||
           (action == PoisonAction::park && attempts >= max_attempts);
  }
};

}  // namespace outbox
