// Sends outbox messages to Kafka.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "outbox/sink.hpp"
#include "outbox/transaction.hpp"
#include "sinks/kafka/arguments.hpp"
#include "sinks/kafka/broker_health.hpp"
#include "sinks/kafka/in_flight.hpp"
#include "sinks/kafka/isolation.hpp"
#include "sinks/kafka/producer.hpp"
#include "sinks/kafka/record_headers.hpp"
#include "sinks/kafka/settings.hpp"
#include "sinks/kafka/topic.hpp"
#include "sinks/kafka/topic_router.hpp"
#include "sinks/kafka/transaction_faults.hpp"
#include "sinks/kafka/transaction_log.hpp"

namespace outbox::kafka {

// The record's key is the aggregate's id, its value the payload as it is; RecordHeaders says what
// the headers are. One thread of its own turns librdkafka's events into deliveries.
//
// Order is kept through failures by four rules (docs/adr/0003): the producer is idempotent and
// gapless, so a refused batch ends it and everything behind fails; a partition that has not
// acknowledged anything yet takes one message of a key at a time; after a failed delivery `send`
// accepts nothing until it has been asked once more, so that the relay sees the failure first; and
// a new producer starts only when the old one is gone.
//
// With exactly_once messages go in transactions (docs/adr/0009): a producer lives from open to
// abandon, and any failure ends it together with its transaction, so none of these rules is needed.
class KafkaSink final : public Sink, public TransactionalSink {
 public:
  explicit KafkaSink(KafkaSettings settings);
  ~KafkaSink() override;
  KafkaSink(const KafkaSink&) = delete;
  KafkaSink& operator=(const KafkaSink&) = delete;

  [[nodiscard]] SinkTraits traits() const override;
  [[nodiscard]] Result<void> connect(DeliveryQueue& deliveries) override;
  [[nodiscard]] std::string_view topic_of(const Record& message) override;
  [[nodiscard]] SendResult send(std::span<const Record> messages) override;
  void hurry() override;
  [[nodiscard]] Result<void> flush(std::chrono::milliseconds timeout) override;
  void close() override;
  [[nodiscard]] SinkHealth health() const override;

  // With exactly_once, after connect:
  [[nodiscard]] Result<TransactionSender> open(const TransactionScope& scope) override;
  [[nodiscard]] Result<void> begin() override;
  [[nodiscard]] std::optional<Error> problem() const override;
  [[nodiscard]] Result<void> commit(const PreparedTransaction& transaction) override;
  [[nodiscard]] bool is_stale() const override;
  void abandon() override;

 private:
  using Clock = std::chrono::steady_clock;

  // The caller's side.
  [[nodiscard]] bool may_send();  // under mutex_
  // True: accepted. False: the buffer is full. Under mutex_.
  [[nodiscard]] Result<bool> send_one(const Record& record, Clock::time_point now);
  // By the record's own topic, else by its aggregate type.
  [[nodiscard]] Result<Topic*> find_topic(const Record& record);  // under mutex_
  [[nodiscard]] Result<Topic*> topic_named(std::string name);

  // The event thread's side.
  void serve(const std::stop_token& stop);
  void take(rd_kafka_event_t* event);
  void take_reports(rd_kafka_event_t* event);
  void warn_of_moved_keys();
  void age_topics();
  void settle(const rd_kafka_message_t& report, const Slot& slot);  // under mutex_
  [[nodiscard]] Delivery delivery_of(const rd_kafka_message_t& report, const Slot& slot,
                                     std::size_t refused, Clock::time_point now) const;
  void keep_producer_fit(const std::stop_token& stop);
  void fail_outstanding(const std::stop_token& stop);
  void remake_producer(const std::stop_token& stop);
  [[nodiscard]] Result<std::unique_ptr<Producer>> make_producer();
  [[nodiscard]] bool limits_changed() const;

  // Of transactions.
  struct Transactions {
    TransactionLog log;
    TransactionScope scope{};
    std::string sender{};
    bool begun = false;
    TransactionFaults faults{};  // under mutex_, as what follows
    std::size_t reported = 0;    // messages of the transaction that have their delivery reports
  };
  [[nodiscard]] Result<void> record(const PreparedTransaction& transaction);
  [[nodiscard]] Result<void> send_record(Topic& topic, const std::string& key,
                                         const std::optional<std::string>& value);
  // Takes the failures out of pushed_, which has a delivery for each report. Under mutex_.
  void keep_faults(const std::vector<const rd_kafka_message_t*>& reports, std::size_t refused);
  void drop_producer();
  void watch_producer();
  // The transaction has failed, whatever its messages; under mutex_.
  void spoil(std::string_view why);

  KafkaSettings settings_;

  // Set by connect, constant while the event thread runs.
  std::optional<TopicRouter> router_;
  ProducerConf conf_;
  DeliveryQueue* deliveries_ = nullptr;

  // The caller's thread alone.
  std::optional<RecordHeaders> headers_;
  Arguments arguments_;
  std::map<std::string, Topic*, std::less<>> topic_by_type_;

  // The event thread alone.
  BrokerHealth health_;
  BatchLimits limits_;  // of the producer that runs
  std::string lost_because_;
  int futile_producers_ = 0;  // in a row, to which no broker said anything of a message
  std::vector<Delivery> pushed_;

  std::atomic<std::uint64_t> partition_changes_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable settled_;  // in_flight_ has shrunk
  std::optional<InFlight> in_flight_;
  Isolation isolation_;
  std::map<std::string, std::unique_ptr<Topic>, std::less<>> topics_;
  std::optional<Transactions> transactions_;  // with exactly_once
  // Replaced by the event thread alone, under mutex_; with transactions by the caller's, while the
  // event thread does not run.
  std::unique_ptr<Producer> producer_;
  bool paused_ = false;          // the producer is about to be replaced
  bool failure_unseen_ = false;  // a failed delivery was pushed since the last send

  std::jthread events_;  // last: joined before the rest goes
};

}  // namespace outbox::kafka
