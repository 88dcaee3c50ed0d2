#include "support/tracing/otlp.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace outbox::tracing {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kStatusError = 2;

Json text(const std::string& name, const std::string& value) {
  return {{"key", name}, {"value", {{"stringValue", value}}}};
}

// 64-bit numbers are strings in OTLP's JSON.
Json attribute(const Attribute& attribute) {
  if (const auto* number = std::get_if<std::int64_t>(&attribute.value)) {
    return {{"key", attribute.name}, {"value", {{"intValue", std::to_string(*number)}}}};
  }
  return text(attribute.name, std::get<std::string>(attribute.value));
}

std::string nanoseconds(std::int64_t unix_us) {
  return std::to_string(unix_us) + "000";
}

Json to_json(const Span& span) {
  Json json{{"traceId", to_hex(span.context.trace_id)}, {"spanId", to_hex(span.context.span_id)}};
  if (span.parent != SpanId{}) json["parentSpanId"] = to_hex(span.parent);
  json["flags"] = span.context.flags;
  json["name"] = span.name;
  json["kind"] = static_cast<int>(span.kind);
  json["startTimeUnixNano"] = nanoseconds(span.start_us);
  json["endTimeUnixNano"] = nanoseconds(std::max(span.start_us, span.end_us));
  json["attributes"] = Json::array();
  for (const Attribute& each : span.attributes)
    json["attributes"].push_back(attribute(each));
  if (!span.error.empty()) json["status"] = {{"code", kStatusError}, {"message", span.error}};
  return json;
}

}  // namespace

std::string otlp_json(const Resource& resource, std::span<const Span> spans) {
  Json list = Json::array();
  for (const Span& span : spans)
    list.push_back(to_json(span));
  const Json scope{{"scope", {{"name", "outbox"}, {"version", resource.version}}},
                   {"spans", std::move(list)}};
  const Json attributes = Json::array({text("service.name", resource.service),
                                       text("service.version", resource.version),
                                       text("service.instance.id", resource.instance)});
  const Json from{{"resource", {{"attributes", attributes}}}, {"scopeSpans", Json::array({scope})}};
  const Json request{{"resourceSpans", Json::array({from})}};
  return request.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace outbox::tracing
