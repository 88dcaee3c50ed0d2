// A librdkafka producer with its event queue.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <librdkafka/rdkafka.h>

#include "outbox/result.hpp"
#include "sinks/kafka/arguments.hpp"
#include "sinks/kafka/flusher.hpp"
#include "sinks/kafka/record_headers.hpp"
#include "sinks/kafka/settings.hpp"
#include "sinks/kafka/topic.hpp"

namespace outbox::kafka {

struct EventDeleter {
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
};
using Event = std::unique_ptr<rd_kafka_event_t, EventDeleter>;

struct BatchLimits {
  bool solo = false;                       // one message a batch
  std::optional<std::size_t> batch_bytes;  // at most
};

// Thread-safe as librdkafka is, but for construction and destruction. Destruction drops what was
// not delivered and may take as long as librdkafka's threads take to end.
class Producer {
 public:
  // `conf` is copied. destination_unavailable never comes from here: librdkafka connects later.
  // `transactional_id`: it sends in transactions only, and a message that is not delivered fails
  // its transaction instead of the producer.
  [[nodiscard]] static Result<std::unique_ptr<Producer>> make(
      const rd_kafka_conf_t* conf, const BatchLimits& limits,
      const std::string& transactional_id = {});
  ~Producer();
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  // Gives the topic a handle of this producer. The topic must outlive the producer.
  [[nodiscard]] Result<void> open(Topic& topic);

  // RD_KAFKA_RESP_ERR__FATAL: this producer can send nothing more (fatal_error); the message is not
  // at fault. The headers are added to the arguments.
  [[nodiscard]] rd_kafka_resp_err_t produce(Arguments& arguments, Headers headers);

  // What was produced goes now, without lingering. Returns at once.
  void hurry() { flusher_->flush(); }

  // The next event, or null after `timeout` or an interruption.
  [[nodiscard]] Event poll(std::chrono::milliseconds timeout);
  void interrupt();

  // Why this producer can send nothing more, once that is so.
  [[nodiscard]] std::optional<std::string> fatal_error() const;
  // Everything that is not delivered fails; the reports come through poll.
  void purge();

  // Of transactions; each waits for the brokers, at most `timeout`. destination_unavailable; of
  // commit_transaction that nothing was committed, while `timeout` leaves that open.
  [[nodiscard]] Result<void> init_transactions(std::chrono::milliseconds timeout);
  [[nodiscard]] Result<void> begin_transaction();
  [[nodiscard]] Result<void> commit_transaction(std::chrono::milliseconds timeout);
  [[nodiscard]] Result<void> abort_transaction(std::chrono::milliseconds timeout);
  // Where the first partition of a topic ends, or a place before.
  [[nodiscard]] Result<std::int64_t> end_of(const std::string& topic,
                                            std::chrono::milliseconds timeout);

  // For librdkafka's other calls. Never null.
  [[nodiscard]] rd_kafka_t* handle() const { return handle_; }

 private:
  explicit Producer(rd_kafka_t* handle);

  rd_kafka_t* handle_;
  rd_kafka_queue_t* queue_;
  std::vector<rd_kafka_topic_t*> topics_;
  std::optional<Flusher> flusher_;
};

}  // namespace outbox::kafka
