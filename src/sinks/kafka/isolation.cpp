#include "sinks/kafka/isolation.hpp"

#include <algorithm>

namespace outbox::kafka {

void Isolation::batch_refused(std::span<const std::int64_t> seqs, std::size_t bytes, bool too_large,
                              std::size_t outstanding) {
  if (!solo()) {
    found_ = false;
    refused_bytes_ = 0;
    suspects_.clear();
  }
  suspects_.insert(seqs.begin(), seqs.end());
  remaining_ = std::max(remaining_, outstanding);
  if (too_large) refused_bytes_ = bytes;
}

void Isolation::settled(std::int64_t seq, bool refused_as_too_large) {
  if (!solo()) return;
  found_ |= refused_as_too_large;
  suspects_.erase(seq);
  --remaining_;
  if (suspects_.empty()) remaining_ = 0;
  if (solo() || found_ || refused_bytes_ == 0) return;
  constexpr std::size_t kSmallest = 512;
  batch_bytes_ = std::max(refused_bytes_ / 2, kSmallest);
}

}  // namespace outbox::kafka
