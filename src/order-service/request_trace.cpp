#include "order-service/request_trace.hpp"

#include <string_view>
#include <utility>

#include "order-service/order_json.hpp"

namespace outbox::orders {

using tracing::Span;
using tracing::SpanKind;
using tracing::TraceContext;

std::optional<TraceContext> trace_of(const http::Request& request) {
  const auto value = request.headers.find("traceparent");
  if (!value || request.headers.count("traceparent") > 1) return std::nullopt;
  return tracing::parse_traceparent(*value);
}

RequestTrace::RequestTrace(tracing::SpanSink* spans, std::int64_t sample_percent,
                           const http::Request& request, const char* route)
    : spans_(spans), route_(route), caller_(trace_of(request)), message_(caller_) {
  if (spans_ == nullptr) return;
  request_ = caller_ ? child_of(*caller_) : tracing::new_trace(sample_percent);
  if (request_.sampled()) {
    message_ = child_of(request_);
  } else {
    spans_ = nullptr;
    if (!caller_) message_ = request_;
  }
}

std::optional<std::string> RequestTrace::traceparent() const {
  return message_ ? std::optional(to_traceparent(*message_)) : std::nullopt;
}

void RequestTrace::wrote(const Uuid& message, std::int64_t begun_us) const {
  if (spans_ == nullptr) return;
  Span span;
  span.context = *message_;
  span.parent = request_.span_id;
  span.name = std::string("create ") + kAggregateType;
  span.kind = SpanKind::producer;
  span.start_us = begun_us;
  span.end_us = tracing::now_us();
  span.attributes = {{"messaging.system", "outbox"},
                     {"messaging.operation.name", "create"},
                     {"messaging.operation.type", "create"},
                     {"messaging.destination.name", kAggregateType},
                     {"messaging.message.id", message.to_string()}};
  spans_->submit(std::move(span));
}

void RequestTrace::answered(int status) const {
  if (spans_ == nullptr) return;
  const std::string_view route(route_);
  const std::size_t space = route.find(' ');
  Span span;
  span.context = request_;
  if (caller_) span.parent = caller_->span_id;
  span.name = route;
  span.kind = SpanKind::server;
  span.start_us = begun_us_;
  span.end_us = tracing::now_us();
  span.attributes = {{"http.request.method", std::string(route.substr(0, space))},
                     {"http.route", std::string(route.substr(space + 1))},
                     {"http.response.status_code", std::int64_t{status}}};
  if (status >= 500) span.error = std::string(http::reason_phrase(status));
  spans_->submit(std::move(span));
}

}  // namespace outbox::orders
