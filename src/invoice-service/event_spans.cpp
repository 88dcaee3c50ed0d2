#include "invoice-service/event_spans.hpp"

#include "outbox/uuid.hpp"

namespace outbox::invoices {

std::optional<tracing::TraceContext> trace_of(const EventRecord& record) {
  const auto value = record.header("traceparent");
  return value ? tracing::parse_traceparent(*value) : std::nullopt;
}

std::optional<std::string> message_id_of(const EventRecord& record) {
  const auto value = record.header("id");
  const auto id = value ? Uuid::parse(*value) : std::nullopt;
  return id ? std::optional(id->to_string()) : std::nullopt;
}

void EventSpans::processed(const EventRecord& record, std::string_view outcome,
                           std::int64_t begun_us, std::string_view error) const {
  const auto parent = trace_of(record);
  if (!parent || !parent->sampled()) return;
  // What comes by HTTP has no topic.
  const bool from_kafka = !record.topic.empty();
  const std::string destination = from_kafka ? record.topic : "/v1/events";
  tracing::Span span;
  span.context = child_of(*parent);
  span.parent = parent->span_id;
  span.name = "process " + destination;
  span.kind = tracing::SpanKind::consumer;
  span.start_us = begun_us;
  span.end_us = tracing::now_us();
  span.attributes = {{"messaging.system", from_kafka ? "kafka" : "http"},
                     {"messaging.operation.name", "process"},
                     {"messaging.operation.type", "process"},
                     {"messaging.destination.name", destination},
                     {"outbox.outcome", std::string(outcome)}};
  if (const auto id = message_id_of(record)) {
    span.attributes.push_back({"messaging.message.id", *id});
  }
  if (from_kafka) {
    span.attributes.push_back({"messaging.consumer.group.name", group_});
    span.attributes.push_back(
        {"messaging.destination.partition.id", std::to_string(record.partition)});
    span.attributes.push_back({"messaging.kafka.offset", record.offset});
  }
  span.error = error;
  spans_.submit(std::move(span));
}

}  // namespace outbox::invoices
