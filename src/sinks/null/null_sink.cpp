#include "sinks/null/null_sink.hpp"

#include "support/telemetry/log.hpp"

namespace outbox::null_sink {
namespace {

constexpr std::string_view kTopic = "null";

}  // namespace

SinkTraits NullSink::traits() const {
  return {.name = "null", .ordered_per_key = true, .has_offsets = false};
}

Result<void> NullSink::connect(DeliveryQueue& deliveries) {
  log::warn(
      "sink.type is null: messages are marked as processed and go nowhere; it is for measuring "
      "alone");
  deliveries_ = &deliveries;
  return {};
}

std::string_view NullSink::topic_of(const Record& /*message*/) {
  return kTopic;
}

SendResult NullSink::send(std::span<const Record> messages) {
  if (deliveries_ == nullptr) return {};
  taken_.clear();
  for (const Record& record : messages) {
    Delivery& delivery = taken_.emplace_back();
    delivery.tag = record.tag;
    delivery.topic = kTopic;
  }
  deliveries_->push(taken_);
  return {messages.size(), std::nullopt};
}

Result<void> NullSink::flush(std::chrono::milliseconds /*timeout*/) {
  return {};
}

void NullSink::close() {
  deliveries_ = nullptr;
}

SinkHealth NullSink::health() const {
  return {true, "messages are taken and go nowhere"};
}

}  // namespace outbox::null_sink
