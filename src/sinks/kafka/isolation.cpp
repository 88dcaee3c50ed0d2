#include "sinks/kafka/isolation.hpp"

#include <algorithm>

namespace outbox::kafka {

void Isolation::batch_refused(std::size_t bytes, bool too_large, std::size_t outstanding) {
  if (!solo()) {
    found_ = false;
    refused_bytes_ = 0;
  }
  remaining_ = std::max(remaining_, outstanding);
  if (too_large) refused_bytes_ = bytes;
}

void Isolation::settled(bool refused_as_too_large) {
  if (!solo()) return;
  found_ |= refused_as_too_large;
  --remaining_;
  if (solo() || found_ || refused_bytes_ == 0) return;
  constexpr std::size_t kSmallest = 512;
  batch_bytes_ = std::max(refused_bytes_ / 2, kSmallest);
}

}  // namespace outbox::kafka
