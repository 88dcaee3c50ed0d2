// A span of a trace, and who takes it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "support/tracing/trace_context.hpp"

namespace outbox::tracing {

// The numbers are OTLP's.
enum class SpanKind : std::uint8_t { server = 2, client = 3, producer = 4, consumer = 5 };

// The names are OpenTelemetry's where it has one.
struct Attribute {
  std::string name;
  std::variant<std::string, std::int64_t> value;
};

// No payloads, keys or credentials: a collector is another system, with other readers.
struct Span {
  TraceContext context;  // its own
  SpanId parent{};       // all zero: it is the first of its trace
  std::string name;
  SpanKind kind = SpanKind::server;
  std::int64_t start_us = 0;  // Unix time in microseconds
  std::int64_t end_us = 0;    // not before the start
  std::vector<Attribute> attributes;
  std::string error;  // what went wrong; empty: nothing did
};

class SpanSink {
 public:
  virtual ~SpanSink() = default;
  // Thread-safe; never waits and never fails. Takes ended spans of sampled traces.
  virtual void submit(Span span) = 0;
};

// Unix time in microseconds.
[[nodiscard]] inline std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace outbox::tracing
