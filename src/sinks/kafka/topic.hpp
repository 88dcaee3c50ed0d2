// One destination topic, and which of its partitions are safe to pipeline to.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <librdkafka/rdkafka.h>

#include "sinks/kafka/settings.hpp"

namespace outbox::kafka {

// A broker checks a producer's sequence numbers on a partition only once it has taken a batch from
// it; before that, it takes a second request although it refused the first (docs/adr/0003). So
// until a partition has acknowledged something to this producer, it is cold, and each key may have
// one message in flight to it; from then on it is warm.
//
// Thread-safety: the partition count by anyone, its change by one thread; the rest under the sink's
// mutex.
class Topic {
 public:
  Topic(std::string name, Partitioner partitioner)
      : name_(std::move(name)), partitioner_(partitioner) {}
  Topic(const Topic&) = delete;
  Topic& operator=(const Topic&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }

  // Of the current producer; null until it has one (Producer::open).
  [[nodiscard]] rd_kafka_topic_t* handle() const { return handle_; }
  struct PartitionChange {
    std::int32_t from = 0;
    std::int32_t to = 0;
  };
  // How the number of partitions has changed since it was known first, or since the last call that
  // told of a change: keys go to other partitions now.
  [[nodiscard]] std::optional<PartitionChange> take_partition_change();

  // A new producer starts with cold partitions.
  void set_handle(rd_kafka_topic_t* handle);

  // librdkafka's partitioner callback, with a Topic as its opaque: as configured, and it tells the
  // Topic how many partitions there are.
  static std::int32_t partition(const rd_kafka_topic_t* handle, const void* key, std::size_t size,
                                std::int32_t partitions, void* topic, void* message);

  // 0: the key's partition is warm. Otherwise the mark under which this key waits for its first
  // acknowledgement.
  [[nodiscard]] std::uint64_t cold_mark(std::string_view key) const;
  [[nodiscard]] bool in_flight(std::uint64_t mark) const { return cold_.count(mark) != 0; }
  void sent(std::uint64_t mark) { ++cold_[mark]; }
  // A message sent under a mark has its delivery report.
  void reported(std::uint64_t mark);

  void acknowledged(std::int32_t partition);
  // The topic may have been made anew: nothing is known of its partitions.
  void chill() { partitions_.clear(); }
  // Partitions that acknowledged nothing since the last call become cold: brokers forget producers
  // that are silent (producer.id.expiration.ms, a day by default).
  void age();

 private:
  enum class Warmth : std::uint8_t { cold, warm, recent };

  std::string name_;
  Partitioner partitioner_;
  rd_kafka_topic_t* handle_ = nullptr;
  std::atomic<std::int32_t> partition_count_ = 0;
  std::atomic<std::int32_t> told_count_ = 0;  // the first, then what take_partition_change told
  std::vector<Warmth> partitions_;
  std::unordered_map<std::uint64_t, std::uint32_t> cold_;  // marks in flight
};

}  // namespace outbox::kafka
