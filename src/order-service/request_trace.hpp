// The trace that a request belongs to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "outbox/uuid.hpp"
#include "support/http/message.hpp"
#include "support/tracing/span.hpp"

namespace outbox::orders {

// The request's traceparent; nothing: it has none, several, or a malformed one.
[[nodiscard]] std::optional<tracing::TraceContext> trace_of(const http::Request& request);

// What a request's spans are made of. Without tracing, its traceparent is passed on as it came.
// With it, a request without one begins a trace, and in a sampled trace there are two spans: of the
// request, and below it one of the message, which the message's traceparent names.
class RequestTrace {
 public:
  // `spans`: null without tracing. `route`: method and pattern. Both must outlive the trace.
  RequestTrace(tracing::SpanSink* spans, std::int64_t sample_percent, const http::Request& request,
               const char* route);

  // For the message that the request writes.
  [[nodiscard]] std::optional<std::string> traceparent() const;
  [[nodiscard]] std::optional<std::string> trace_id() const {
    return tracing::trace_id_of(message_);
  }

  // The transaction that wrote the message has just ended; it began at `begun_us` (Unix time in
  // microseconds).
  void wrote(const Uuid& message, std::int64_t begun_us) const;
  void answered(int status) const;

 private:
  tracing::SpanSink* spans_;  // null: this trace has no spans
  const char* route_;
  std::int64_t begun_us_ = tracing::now_us();
  std::optional<tracing::TraceContext> caller_;
  std::optional<tracing::TraceContext> message_;
  tracing::TraceContext request_;
};

// Begins the traces of requests. Thread-safe.
class RequestTracing {
 public:
  // `spans`: null without tracing; must outlive this and its traces. New traces are sampled with
  // this probability, in percent.
  RequestTracing(tracing::SpanSink* spans, std::int64_t sample_percent)
      : spans_(spans), sample_percent_(sample_percent) {}

  [[nodiscard]] RequestTrace begin(const http::Request& request, const char* route) const {
    return {spans_, sample_percent_, request, route};
  }

 private:
  tracing::SpanSink* spans_;
  std::int64_t sample_percent_;
};

}  // namespace outbox::orders
