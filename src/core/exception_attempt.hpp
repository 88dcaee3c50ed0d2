#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/attempt.hpp"
#include "core/key_gate.hpp"
#include "outbox/source.hpp"

namespace outbox {

// Keys, with their shards, whose waiting range a settlement has to store.
using ChangedKeys = std::map<std::string, std::uint8_t>;

// One attempt on blocked keys: of each its head, or the next messages that wait behind a delivered
// one. One thread.
class ExceptionAttempt {
 public:
  // `batch` holds what the source found of `ranges`, at most `limit_per_range` of each.
  ExceptionAttempt(std::uint64_t slot, std::vector<HeldRange> ranges, Batch batch,
                   std::size_t limit_per_range);

  [[nodiscard]] Attempt& attempt() { return attempt_; }
  [[nodiscard]] const Attempt& attempt() const { return attempt_; }
  [[nodiscard]] const std::vector<HeldRange>& ranges() const { return ranges_; }

  // Precondition: attempt().done(). Writes the outcomes to `settlement` and moves the keys on in
  // `gate`.
  void finish(Settlement& settlement, ChangedKeys& changed, KeyGate& gate,
              const AttemptTerms& terms);

 private:
  struct Ending {           // what became of a range
    std::size_t index = 0;  // the first record that was not delivered; the end when all were
    const Error* refused = nullptr;  // why, when the message was at fault
    bool all_delivered = false;
    Clock::time_point resume_at;  // of what is left
  };

  [[nodiscard]] std::vector<Attempt::Group> divide(std::size_t limit_per_range);
  [[nodiscard]] Ending end_of(std::size_t range, Settlement& settlement,
                              const AttemptTerms& terms) const;
  [[nodiscard]] std::int64_t first_waiting(std::size_t range, const Ending& ending) const;
  void finish_range(std::size_t index, Settlement& settlement, ChangedKeys& changed, KeyGate& gate,
                    const AttemptTerms& terms);

  std::vector<HeldRange> ranges_;
  Attempt attempt_;
  std::vector<bool> complete_;  // of each range: what was read is everything that it holds
};

}  // namespace outbox
