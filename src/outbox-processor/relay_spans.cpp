#include "outbox-processor/relay_spans.hpp"

#include <algorithm>
#include <utility>

namespace outbox {

tracing::Span RelaySpans::begin(const Record& record, const tracing::TraceContext& parent,
                                std::string_view topic) const {
  tracing::Span span;
  span.context = child_of(parent);
  span.parent = parent.span_id;
  span.name = topic.empty() ? "send" : "send " + std::string(topic);
  span.kind = tracing::SpanKind::client;
  span.end_us = tracing::now_us();
  span.start_us = span.end_us;
  span.attributes = {
      {"messaging.system", system_},        {"messaging.operation.name", "send"},
      {"messaging.operation.type", "send"}, {"messaging.message.id", record.id.to_string()},
      {"outbox.seq", record.seq},           {"outbox.shard", std::int64_t{record.shard}}};
  if (!topic.empty()) {
    span.attributes.push_back({"messaging.destination.name", std::string(topic)});
  }
  return span;
}

void RelaySpans::acknowledged(const Record& record, const Delivery& delivery) {
  const auto parent = tracing::find_traceparent(record.headers);
  if (!parent || !parent->sampled()) {
    return;
  }
  tracing::Span span = begin(record, *parent, delivery.topic);
  span.start_us -= std::max<std::int64_t>(delivery.latency_us, 0);
  if (delivery.offset >= 0) {
    span.attributes.push_back(
        {"messaging.destination.partition.id", std::to_string(delivery.partition)});
    span.attributes.push_back({"messaging.kafka.offset", delivery.offset});
  }
  spans_.submit(std::move(span));
}

void RelaySpans::rejected(const Record& record, std::string_view topic, const Error& error) {
  const auto parent = tracing::find_traceparent(record.headers);
  if (!parent || !parent->sampled()) {
    return;
  }
  tracing::Span span = begin(record, *parent, topic);
  span.error = error.message;
  spans_.submit(std::move(span));
}

}  // namespace outbox
