#include "invoice-service/event_batcher.hpp"

#include <chrono>
#include <utility>

namespace outbox::invoices {

Result<PendingRecord> EventBatcher::submit(EventRecord record) {
  Entry entry;
  entry.pending.record = std::move(record);
  std::unique_lock lock(mutex_);
  waiting_.push_back(&entry);
  changed_.wait(lock, [&] { return entry.finished || !busy_; });
  if (!entry.finished) {
    // Nobody stores: this thread does, for all that wait.
    const std::vector<Entry*> batch = std::exchange(waiting_, {});
    busy_ = true;
    lock.unlock();
    store(batch);
    lock.lock();
    busy_ = false;
    for (Entry* each : batch)
      each->finished = true;
    changed_.notify_all();
  }
  if (!entry.outcome) return std::move(entry.outcome).error();
  return std::move(entry.pending);
}

std::size_t EventBatcher::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

void EventBatcher::store(const std::vector<Entry*>& batch) noexcept {
  const auto begun = std::chrono::steady_clock::now();
  std::vector<PendingRecord> records;
  records.reserve(batch.size());
  for (Entry* entry : batch)
    records.push_back(std::move(entry->pending));
  const auto applied = handler_->apply(records);
  if (applied) {
    metrics_->batch(
        batch.size(),
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
  } else {
    metrics_->store_failure();
  }
  for (std::size_t index = 0; index < batch.size(); ++index) {
    PendingRecord& record = records[index];
    if (!record.done && !record.refusal) batch[index]->outcome = applied;
    batch[index]->pending = std::move(record);
  }
}

}  // namespace outbox::invoices
