// The consumer's part of a message's trace: the span `process TOPIC`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "invoice-service/order_event.hpp"
#include "support/tracing/span.hpp"

namespace outbox::invoices {

// The trace context that the record came with.
[[nodiscard]] std::optional<tracing::TraceContext> trace_of(const EventRecord& record);
// Its message's id, if it is one.
[[nodiscard]] std::optional<std::string> message_id_of(const EventRecord& record);

// Makes a span of each record in a sampled trace whose outcome is known. Thread-safe.
class EventSpans {
 public:
  // `spans` must outlive it. `group`: the consumer's.
  EventSpans(tracing::SpanSink& spans, std::string group)
      : spans_(spans), group_(std::move(group)) {}

  // `outcome`: created, voided, duplicate, skipped or refused. `begun_us`: when the record, with
  // those of its batch, was taken in hand (Unix time in microseconds). `error` is the refusal.
  void processed(const EventRecord& record, std::string_view outcome, std::int64_t begun_us,
                 std::string_view error = {}) const;

 private:
  tracing::SpanSink& spans_;
  std::string group_;
};

}  // namespace outbox::invoices
