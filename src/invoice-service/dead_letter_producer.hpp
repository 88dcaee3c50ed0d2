// Sends what cannot be processed to a topic of its own, with the reason in headers.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "invoice-service/event_handler.hpp"
#include "invoice-service/kafka_handles.hpp"

namespace outbox::invoices {

// A dead letter has the record's key, payload and headers, and in addition the headers
//   dlq.topic, dlq.partition, dlq.offset   where the record is
//   dlq.error                              why it could not be processed
//   dlq.payload_omitted                    "true" when the record did not fit with these: payload,
//                                          headers and a key of more than 1 KiB are missing
// After a crash a letter may be sent a second time. One thread.
class DeadLetterProducer final : public DeadLetters {
 public:
  // `properties`: librdkafka's, as the user gave them; those of consumers have no effect.
  [[nodiscard]] static Result<std::unique_ptr<DeadLetterProducer>> create(
      const std::string& brokers, std::string topic,
      const std::map<std::string, std::string>& properties);

  // destination_unavailable: not acknowledged in time. Waits at most 15 s, and as long again for
  // those that turn out too large.
  [[nodiscard]] std::vector<Result<void>> send(std::span<const DeadLetter> letters) override;

  // Whether a broker answers this client. Thread-safe.
  [[nodiscard]] Result<void> check(std::chrono::milliseconds timeout) const;

 private:
  struct Ticket {
    bool reported = false;
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  };
  static void on_delivery(rd_kafka_t* client, const rd_kafka_message_t* message, void* opaque);

  explicit DeadLetterProducer(std::string topic) : topic_(std::move(topic)) {}
  void produce(const DeadLetter& letter, bool whole, Ticket& ticket);
  void await(std::vector<Ticket>& tickets);

  std::string topic_;
  KafkaOwned<rd_kafka_t> producer_;
};

}  // namespace outbox::invoices
