#include "tests/support/http/span_collector.hpp"

#include <algorithm>
#include <regex>
#include <stdexcept>
#include <utility>

#include "support/http/router.hpp"

namespace outbox::test {
namespace {

using nlohmann::json;

bool matches(const json& value, const char* pattern) {
  return value.is_string() && std::regex_match(value.get<std::string>(), std::regex(pattern));
}

std::string attribute_of(const json& attributes, const std::string& name) {
  for (const json& attribute : attributes) {
    if (attribute["key"] != name) continue;
    const json& value = attribute["value"];
    return value.value("stringValue", value.value("intValue", ""));
  }
  return "";
}

void check_attributes(const json& attributes, std::vector<std::string>& problems) {
  if (!attributes.is_array()) problems.push_back("attributes: " + attributes.dump());
  for (const json& attribute : attributes) {
    const json value = attribute.value("value", json());
    const bool text = value.contains("stringValue") && value["stringValue"].is_string();
    const bool number = value.contains("intValue") && matches(value["intValue"], "-?[0-9]+");
    if (!matches(attribute.value("key", json()), "[a-z_.]+") || text == number) {
      problems.push_back("attribute: " + attribute.dump());
    }
  }
}

void check_span(const json& span, std::vector<std::string>& problems) {
  const auto need = [&](const char* name, const char* pattern) {
    if (!matches(span.value(name, json()), pattern)) {
      problems.push_back(std::string(name) + ": " + span.dump());
    }
  };
  need("traceId", "[0-9a-f]{32}");
  need("spanId", "[0-9a-f]{16}");
  if (span.contains("parentSpanId")) need("parentSpanId", "[0-9a-f]{16}");
  need("name", ".+");
  need("startTimeUnixNano", "[0-9]{19}");
  need("endTimeUnixNano", "[0-9]{19}");
  const json kind = span.value("kind", json());
  if (!kind.is_number_integer() || kind < 1 || kind > 5) problems.push_back("kind: " + span.dump());
  if (span.value("startTimeUnixNano", "") > span.value("endTimeUnixNano", "")) {
    problems.push_back("it ends before it starts: " + span.dump());
  }
  check_attributes(span.value("attributes", json::array()), problems);
}

http::ServerOptions server_options() {
  http::ServerOptions options;
  options.max_body = 16 * 1024 * 1024;
  options.drain_timeout = std::chrono::milliseconds(0);
  return options;
}

http::Router router_to(std::function<http::Response(const http::Request&)> take) {
  http::Router router;
  router.add("POST", "/v1/traces", std::move(take), http::RunOn::inline_fast);
  return router;
}

}  // namespace

std::vector<std::string> otlp_problems(const json& body) {
  std::vector<std::string> problems;
  if (!body.is_object() || !body.contains("resourceSpans")) return {"no resourceSpans"};
  for (const json& from : body["resourceSpans"]) {
    const json attributes = from.value("/resource/attributes"_json_pointer, json::array());
    check_attributes(attributes, problems);
    for (const char* name : {"service.name", "service.version", "service.instance.id"}) {
      if (attribute_of(attributes, name).empty()) problems.push_back(std::string("no ") + name);
    }
    for (const json& scope : from.value("scopeSpans", json::array())) {
      if (!scope.contains("/scope/name"_json_pointer)) problems.emplace_back("no scope");
      for (const json& span : scope.value("spans", json::array()))
        check_span(span, problems);
    }
  }
  return problems;
}

std::string CollectedSpan::attribute(const std::string& name) const {
  return attribute_of(json["attributes"], name);
}

SpanCollector::SpanCollector()
    : server_(server_options(),
              router_to([this](const http::Request& request) { return take(request); })) {
  if (auto started = server_.start(); !started) throw std::runtime_error(started.error().message);
}

std::string SpanCollector::endpoint() const {
  return "http://127.0.0.1:" + std::to_string(server_.port());
}

std::vector<CollectedSpan> SpanCollector::spans() const {
  const std::lock_guard lock(mutex_);
  return spans_;
}

std::vector<CollectedSpan> SpanCollector::spans_named(const std::string& name) const {
  auto named = spans();
  std::erase_if(named, [&](const CollectedSpan& span) { return span.text("name") != name; });
  return named;
}

std::vector<http::Request> SpanCollector::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::vector<std::string> SpanCollector::problems() const {
  const std::lock_guard lock(mutex_);
  return problems_;
}

http::Response SpanCollector::take(const http::Request& request) {
  const json body = json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  const std::lock_guard lock(mutex_);
  requests_.push_back(request);
  for (std::string& problem : otlp_problems(body))
    problems_.push_back(std::move(problem));
  if (!problems_.empty()) return http::text_response(400, problems_.back());
  for (const json& from : body["resourceSpans"]) {
    const std::string service = attribute_of(from["resource"]["attributes"], "service.name");
    for (const json& scope : from["scopeSpans"]) {
      for (const json& span : scope["spans"])
        spans_.push_back({service, span});
    }
  }
  return http::json_response(200, "{}");
}

}  // namespace outbox::test
