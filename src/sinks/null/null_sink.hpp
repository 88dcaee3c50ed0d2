// Takes messages and throws them away.
#pragma once

#include <chrono>
#include <span>
#include <string_view>
#include <vector>

#include "outbox/sink.hpp"

namespace outbox::null_sink {

// For measuring what reading and marking cost: each message is delivered as soon as it is taken,
// and goes nowhere. Connecting says so in the log.
class NullSink final : public Sink {
 public:
  [[nodiscard]] SinkTraits traits() const override;
  [[nodiscard]] Result<void> connect(DeliveryQueue& deliveries) override;
  [[nodiscard]] std::string_view topic_of(const Record& message) override;
  [[nodiscard]] SendResult send(std::span<const Record> messages) override;
  [[nodiscard]] Result<void> flush(std::chrono::milliseconds timeout) override;
  void close() override;
  [[nodiscard]] SinkHealth health() const override;

 private:
  DeliveryQueue* deliveries_ = nullptr;
  std::vector<Delivery> taken_;
};

}  // namespace outbox::null_sink
