#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "core/testing/records.hpp"

namespace outbox {

// What has arrived at one destination, whichever sink it came through. Thread-safe.
class FakeDestination {
 public:
  // Told of each arrival, with what had arrived before it.
  void watch(std::function<void(const SeqAndKey&, bool first)> told) { told_ = std::move(told); }

  // Returns the message's offset. `acknowledged`: the sender will know.
  std::int64_t arrive(const SeqAndKey& row, bool acknowledged) {
    bool first = false;
    std::int64_t offset = 0;
    {
      const std::lock_guard lock{mutex_};
      offset = static_cast<std::int64_t>(arrivals_.size());
      arrivals_.push_back(row);
      first = arrived_.insert(row.seq).second;
      if (acknowledged) {
        acknowledged_.insert(row.seq);
      }
    }
    if (told_) {
      told_(row, first);
    }
    return offset;
  }

  // Everything that arrived, in order, duplicates too.
  [[nodiscard]] std::vector<SeqAndKey> arrivals() const {
    const std::lock_guard lock{mutex_};
    return arrivals_;
  }
  [[nodiscard]] std::size_t count() const {
    const std::lock_guard lock{mutex_};
    return arrivals_.size();
  }
  [[nodiscard]] bool arrived(std::int64_t seq) const {
    const std::lock_guard lock{mutex_};
    return arrived_.contains(seq);
  }
  [[nodiscard]] bool acknowledged(std::int64_t seq) const {
    const std::lock_guard lock{mutex_};
    return acknowledged_.contains(seq);
  }

 private:
  mutable std::mutex mutex_;
  std::function<void(const SeqAndKey&, bool)> told_;  // set before anything is sent
  std::vector<SeqAndKey> arrivals_;
  std::set<std::int64_t> arrived_;
  std::set<std::int64_t> acknowledged_;
};

}  // namespace outbox
