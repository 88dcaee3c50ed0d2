// The messages that the sink has accepted and not reported.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "sinks/kafka/topic.hpp"

namespace outbox::kafka {

// One message on its way; librdkafka carries its address. Whoever has the message owns its fields:
// the sender until it is produced, then whoever takes its delivery report.
struct Slot {
  std::uint64_t tag = 0;
  std::int64_t seq = 0;
  Topic* topic = nullptr;
  std::uint64_t mark = 0;  // Topic::cold_mark when it was sent
  std::chrono::steady_clock::time_point accepted_at;
  bool used = false;
};

// A bounded set of slots with stable addresses, grown as needed and reused. Not thread-safe.
class InFlight {
 public:
  explicit InFlight(std::size_t limit) : limit_(limit) {}

  // Null: full.
  [[nodiscard]] Slot* acquire();
  void release(Slot& slot);

  [[nodiscard]] std::size_t size() const { return slots_.size() - free_.size(); }
  [[nodiscard]] std::vector<Slot*> used();

 private:
  std::size_t limit_;
  std::deque<Slot> slots_;
  std::vector<Slot*> free_;
};

}  // namespace outbox::kafka
