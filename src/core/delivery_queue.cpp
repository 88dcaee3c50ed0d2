#include <iterator>
#include <utility>

#include "outbox/sink.hpp"

namespace outbox {

void DeliveryQueue::push(std::span<Delivery> deliveries) {
  {
    const std::lock_guard lock{mutex_};
    deliveries_.insert(deliveries_.end(), std::make_move_iterator(deliveries.begin()),
                       std::make_move_iterator(deliveries.end()));
  }
  arrived_.notify_one();
}

void DeliveryQueue::wake() {
  {
    const std::lock_guard lock{mutex_};
    woken_ = true;
  }
  arrived_.notify_one();
}

std::vector<Delivery> DeliveryQueue::wait(std::chrono::milliseconds timeout) {
  std::unique_lock lock{mutex_};
  arrived_.wait_for(lock, timeout, [this] { return woken_ || !deliveries_.empty(); });
  woken_ = false;
  std::vector<Delivery> all = std::exchange(deliveries_, {});
  deliveries_.reserve(all.size());  // as many again, most likely
  return all;
}

}  // namespace outbox
