// Reads the topic as it grows, partition by partition.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "tests/chaos/history.hpp"

struct rd_kafka_s;
struct rd_kafka_message_s;

namespace outbox::chaos {

// A consumer without a group, of all partitions from their beginning, in a thread of its own. The
// constructor throws when the client cannot be made.
class Observer {
 public:
  Observer(const std::string& brokers, const std::string& topic, int partitions);
  ~Observer();
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  [[nodiscard]] std::int64_t records() const { return records_count_; }
  // Different messages among the records.
  [[nodiscard]] std::int64_t messages() const { return messages_count_; }
  // Ends the reading and gives what was read.
  [[nodiscard]] std::vector<TopicRecord> stop();

 private:
  void read(const std::stop_token& stop);
  void take(const rd_kafka_message_s& message);

  struct Destroy {
    void operator()(rd_kafka_s* client) const noexcept;
  };
  std::unique_ptr<rd_kafka_s, Destroy> consumer_;
  std::vector<TopicRecord> records_;
  std::unordered_set<MessageName, HashMessageName> messages_;
  std::atomic<std::int64_t> records_count_{0};
  std::atomic<std::int64_t> messages_count_{0};
  std::jthread thread_;
};

}  // namespace outbox::chaos
