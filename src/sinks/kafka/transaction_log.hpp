// Kafka's side of exactly-once: who sends in transactions, and what they have committed.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <librdkafka/rdkafka.h>

#include "outbox/transaction.hpp"
#include "sinks/kafka/settings.hpp"

namespace outbox::kafka {

// A compacted topic of one partition. Each transaction of messages also writes a record to it: the
// key is the sender (its transactional.id), the value {"origin", "number", "xid"}, none when the
// sender is retired. What can be read of it as committed was committed, with the messages.
class TransactionLog final : public TransactionJudge {
 public:
  explicit TransactionLog(KafkaSettings settings) : settings_(std::move(settings)) {}

  [[nodiscard]] Result<void> fence(std::span<const std::string> senders) override;
  [[nodiscard]] Result<CommittedTransactions> committed(const std::string& origin) override;

  // Makes the topic if there is none. invalid_argument, destination_unavailable.
  [[nodiscard]] Result<void> ensure_topic();

  [[nodiscard]] const std::string& topic() const { return settings_.position_topic; }

 private:
  // invalid_argument: as make_conf.
  [[nodiscard]] Result<ProducerConf> conf() const;
  // Writes a record of no meaning and tells its place: whatever was committed before is in front of
  // it. The brokers' own word for the topic's end may lag behind, when its leader has just changed.
  [[nodiscard]] Result<std::int64_t> write_marker(const std::string& origin) const;

  KafkaSettings settings_;
  bool topic_exists_ = false;
};

// The value of a sender's record.
[[nodiscard]] std::string transaction_record(const std::string& origin,
                                             const PreparedTransaction& transaction);

}  // namespace outbox::kafka
