#pragma once

#include <cstdint>

#include "core/attempt.hpp"
#include "outbox/source.hpp"

namespace outbox {

// One attempt on messages that hold no key and are due: delayed ones, and what is replayed. Each
// stands for itself. One thread.
class DueAttempt {
 public:
  DueAttempt(std::uint64_t slot, Batch batch);

  [[nodiscard]] Attempt& attempt() { return attempt_; }
  [[nodiscard]] const Attempt& attempt() const { return attempt_; }

  // Precondition: attempt().done(). What the destination kept from being delivered has no outcome:
  // it is still due.
  void finish(Settlement& settlement, const AttemptTerms& terms) const;

 private:
  Attempt attempt_;
};

}  // namespace outbox
