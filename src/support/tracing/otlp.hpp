// Spans in OTLP's JSON encoding (OpenTelemetry protocol 1.x, ExportTraceServiceRequest).
#pragma once

#include <span>
#include <string>

#include "support/tracing/span.hpp"

namespace outbox::tracing {

// Who the spans are from.
struct Resource {
  std::string service;   // service.name: the program
  std::string version;   // service.version
  std::string instance;  // service.instance.id: another one for each process
};

// The body of a request. Bytes that are not UTF-8 are replaced.
[[nodiscard]] std::string otlp_json(const Resource& resource, std::span<const Span> spans);

}  // namespace outbox::tracing
