#include "sinks/kafka/topic.hpp"

#include <functional>

namespace outbox::kafka {

void Topic::set_handle(rd_kafka_topic_t* handle) {
  handle_ = handle;
  cold_.clear();
  chill();
}

std::int32_t Topic::partition(const rd_kafka_topic_t* handle, const void* key, std::size_t size,
                              std::int32_t partitions, void* topic, void* message) {
  auto& self = *static_cast<Topic*>(topic);
  const auto before = self.partition_count_.load(std::memory_order_relaxed);
  if (before != partitions) {
    if (before == 0) self.told_count_.store(partitions, std::memory_order_relaxed);
    self.partition_count_.store(partitions, std::memory_order_relaxed);
  }
  return self.partitioner_(handle, key, size, partitions, nullptr, message);
}

std::optional<Topic::PartitionChange> Topic::take_partition_change() {
  const auto to = partition_count_.load(std::memory_order_relaxed);
  const auto from = told_count_.load(std::memory_order_relaxed);
  if (to == 0 || from == 0 || from == to) return std::nullopt;
  told_count_.store(to, std::memory_order_relaxed);
  return PartitionChange{from, to};
}

std::uint64_t Topic::cold_mark(std::string_view key) const {
  const auto count = partition_count_.load(std::memory_order_relaxed);
  if (count > 0) {
    const auto partition = static_cast<std::size_t>(
        partitioner_(handle_, key.data(), key.size(), count, nullptr, nullptr));
    if (partition < partitions_.size() && partitions_[partition] != Warmth::cold) return 0;
  }
  // Two keys with one mark wait for each other, which is harmless.
  return std::hash<std::string_view>()(key) | 1U;
}

void Topic::reported(std::uint64_t mark) {
  const auto found = cold_.find(mark);
  if (found != cold_.end() && --found->second == 0) cold_.erase(found);
}

void Topic::acknowledged(std::int32_t partition) {
  if (partition < 0) return;
  const auto index = static_cast<std::size_t>(partition);
  if (index >= partitions_.size()) partitions_.resize(index + 1, Warmth::cold);
  partitions_[index] = Warmth::recent;
}

void Topic::age() {
  for (auto& warmth : partitions_) {
    warmth = warmth == Warmth::recent ? Warmth::warm : Warmth::cold;
  }
}

}  // namespace outbox::kafka
