// A collector of OpenTelemetry's that remembers the spans it got.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/http/message.hpp"
#include "support/http/server.hpp"

namespace outbox::test {

// A span as it came, in OTLP's JSON.
struct CollectedSpan {
  std::string service;  // the resource's service.name
  nlohmann::json json;

  [[nodiscard]] std::string text(const char* member) const { return json.value(member, ""); }
  // Of an attribute; the empty string when there is none.
  [[nodiscard]] std::string attribute(const std::string& name) const;
};

// Takes POST /v1/traces on 127.0.0.1 and holds each body against OTLP's form. Thread-safe.
class SpanCollector {
 public:
  SpanCollector();  // throws when it cannot listen

  // For telemetry.otlp_endpoint.
  [[nodiscard]] std::string endpoint() const;
  [[nodiscard]] std::vector<CollectedSpan> spans() const;
  [[nodiscard]] std::vector<CollectedSpan> spans_named(const std::string& name) const;
  [[nodiscard]] std::vector<http::Request> requests() const;
  // What in the bodies is not as OTLP has it.
  [[nodiscard]] std::vector<std::string> problems() const;

 private:
  http::Response take(const http::Request& request);

  mutable std::mutex mutex_;
  std::vector<http::Request> requests_;
  std::vector<CollectedSpan> spans_;
  std::vector<std::string> problems_;
  http::Server server_;  // last: stopped before the rest goes
};

// What in a body is not as OTLP's JSON has it; nothing: all is.
[[nodiscard]] std::vector<std::string> otlp_problems(const nlohmann::json& body);

}  // namespace outbox::test
