// Consumes the order events: from Kafka through the handler, and only then the offsets.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "invoice-service/consumer_metrics.hpp"
#include "invoice-service/event_handler.hpp"
#include "invoice-service/kafka_handles.hpp"
#include "outbox/result.hpp"
#include "support/telemetry/rate_limit.hpp"

namespace outbox::invoices {

struct ConsumerOptions {
  std::string brokers = "127.0.0.1:9092";
  std::string topic = "order-events";
  std::string group = "invoice-group";
  std::map<std::string, std::string> properties;  // librdkafka's, passed through
  std::size_t max_batch = 500;                    // records handled together
  std::chrono::milliseconds min_backoff{100};     // the first wait when the store is away
  std::chrono::milliseconds max_backoff{5'000};
  std::chrono::milliseconds close_timeout{5'000};  // for leaving the group
};

// run belongs to one thread; check may be called by any.
class OrderConsumer {
 public:
  // The parts must outlive the consumer. invalid_argument: an unknown property, or
  // one that the consumer's promises depend on.
  [[nodiscard]] static Result<std::unique_ptr<OrderConsumer>> create(ConsumerOptions options,
                                                                     EventHandler& handler,
                                                                     DeadLetters& dead_letters,
                                                                     ConsumerMetrics& metrics);

  ~OrderConsumer();
  OrderConsumer(const OrderConsumer&) = delete;
  OrderConsumer& operator=(const OrderConsumer&) = delete;

  // Consumes until stop is requested: then finishes the batch in hand, commits and leaves the
  // group. While the handler fails, it stays in the group with its partitions paused and tries
  // again. An error: the client broke for good; start anew.
  Result<void> run(const std::stop_token& stop);

  // Whether the brokers answer and the group has taken this consumer in.
  [[nodiscard]] Result<void> check(std::chrono::milliseconds timeout) const;

 private:
  OrderConsumer(ConsumerOptions options, EventHandler& handler, DeadLetters& dead_letters,
                ConsumerMetrics& metrics)
      : options_(std::move(options)),
        handler_(&handler),
        dead_letters_(&dead_letters),
        metrics_(&metrics) {}

  static void on_rebalance(rd_kafka_t* client, rd_kafka_resp_err_t event,
                           rd_kafka_topic_partition_list_t* partitions, void* opaque);
  void assign(const rd_kafka_topic_partition_list_t* partitions);
  void revoke(const rd_kafka_topic_partition_list_t* partitions);

  void collect(const std::stop_token& stop);
  void take(std::chrono::milliseconds timeout);
  bool take_one(std::chrono::milliseconds timeout);
  [[nodiscard]] Result<void> handle_pending();
  void store_finished();
  void back_off(const Error& error, const std::stop_token& stop);
  void set_paused(bool paused);
  void close();

  ConsumerOptions options_;
  EventHandler* handler_;
  DeadLetters* dead_letters_;
  ConsumerMetrics* metrics_;
  std::vector<PendingRecord> pending_;
  std::atomic<bool> joined_{false};
  bool paused_ = false;
  std::chrono::milliseconds backoff_{0};
  std::optional<Error> fatal_;
  telemetry::RateLimit complaints_{std::chrono::seconds{10}};
  KafkaOwned<rd_kafka_t> consumer_;  // last: its callbacks use the rest
};

}  // namespace outbox::invoices
