// Finds the message at fault after a broker refused a batch of several.
#pragma once

#include <cstddef>
#include <optional>

namespace outbox::kafka {

// A broker refuses a batch as a whole. Its messages are then sent again one by one ("solo"), so
// that only the one at fault is refused. When none was, the batch itself was too large for the
// topic: from then on batches are half its size.
//
// The owner makes a new producer whenever what this says of batches changes. Not thread-safe.
class Isolation {
 public:
  // A batch of several messages was refused; `outstanding` messages, it among them, come again.
  void batch_refused(std::size_t bytes, bool too_large, std::size_t outstanding);
  // A message has its final outcome: delivered, or refused by itself.
  void settled(bool refused_as_too_large);

  // Each message in a batch of its own.
  [[nodiscard]] bool solo() const { return remaining_ > 0; }
  // The limit of a batch that was learned, in bytes.
  [[nodiscard]] std::optional<std::size_t> batch_bytes() const { return batch_bytes_; }

 private:
  std::size_t remaining_ = 0;  // final outcomes until batches come back
  std::size_t refused_bytes_ = 0;
  bool found_ = false;
  std::optional<std::size_t> batch_bytes_;
};

}  // namespace outbox::kafka
