#include "sinks/kafka/in_flight.hpp"

namespace outbox::kafka {

Slot* InFlight::acquire() {
  if (free_.empty()) {
    if (slots_.size() >= limit_) return nullptr;
    free_.push_back(&slots_.emplace_back());
  }
  Slot* slot = free_.back();
  free_.pop_back();
  slot->used = true;
  return slot;
}

void InFlight::release(Slot& slot) {
  slot = {};
  free_.push_back(&slot);
}

std::vector<Slot*> InFlight::used() {
  std::vector<Slot*> result;
  for (auto& slot : slots_) {
    if (slot.used) result.push_back(&slot);
  }
  return result;
}

}  // namespace outbox::kafka
