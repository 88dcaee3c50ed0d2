// W3C Trace Context: which trace something belongs to, and what in it was its cause.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace outbox::tracing {

using TraceId = std::array<std::uint8_t, 16>;
using SpanId = std::array<std::uint8_t, 8>;

// Names a span. Neither id is all zero.
struct TraceContext {
  TraceId trace_id{};
  SpanId span_id{};
  std::uint8_t flags = 0;

  // Whether the spans of the trace are kept.
  [[nodiscard]] bool sampled() const { return (flags & 1U) != 0; }

  friend bool operator==(const TraceContext&, const TraceContext&) = default;
};

// A `traceparent` of version 00, with ids that are not all zero. Anything else: nullopt.
[[nodiscard]] std::optional<TraceContext> parse_traceparent(std::string_view text);

// What parse_traceparent reads back: "00-<trace id>-<span id>-<flags>".
[[nodiscard]] std::string to_traceparent(const TraceContext& context);

// The `traceparent` among the headers of an outbox row, a JSON object as text. It is looked for
// without reading the JSON, since the relay asks for each message.
[[nodiscard]] std::optional<TraceContext> find_traceparent(std::string_view row_headers);

// Lower-case hexadecimal digits.
[[nodiscard]] std::string to_hex(std::span<const std::uint8_t> bytes);

// For the field trace_id of a line of the log.
[[nodiscard]] std::optional<std::string> trace_id_of(const std::optional<TraceContext>& context);

// Random ids; thread-safe. The first span of a new trace, sampled with this probability, in
// percent.
[[nodiscard]] TraceContext new_trace(std::int64_t sample_percent);
// Another span of the trace.
[[nodiscard]] TraceContext child_of(const TraceContext& parent);

}  // namespace outbox::tracing
