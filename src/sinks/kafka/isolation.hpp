// Finds the message at fault after a broker refused a batch of several.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_set>

namespace outbox::kafka {

// A broker refuses a batch as a whole. Its messages, the suspects, are then sent again one by one
// ("solo"), so that only the one at fault is refused. When none was, the batch itself was too large
// for the topic: from then on batches are half its size.
//
// The owner makes a new producer whenever what this says of batches changes. Not thread-safe.
class Isolation {
 public:
  // A batch of these messages, by seq, was refused; `outstanding` messages, they among them, come
  // again. A suspect may stay away, behind an earlier message of its key that is refused: so many
  // outcomes end the investigation at the latest.
  void batch_refused(std::span<const std::int64_t> seqs, std::size_t bytes, bool too_large,
                     std::size_t outstanding);
  // A message has its final outcome: delivered, or refused by itself.
  void settled(std::int64_t seq, bool refused_as_too_large);

  // Each message in a batch of its own.
  [[nodiscard]] bool solo() const { return remaining_ > 0; }
  // The limit of a batch that was learned, in bytes.
  [[nodiscard]] std::optional<std::size_t> batch_bytes() const { return batch_bytes_; }

 private:
  std::unordered_set<std::int64_t> suspects_;  // without their outcomes
  std::size_t remaining_ = 0;                  // outcomes until batches come back, at most
  std::size_t refused_bytes_ = 0;
  bool found_ = false;
  std::optional<std::size_t> batch_bytes_;
};

}  // namespace outbox::kafka
