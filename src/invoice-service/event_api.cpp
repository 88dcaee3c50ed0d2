#include "invoice-service/event_api.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "outbox/shard.hpp"
#include "outbox/uuid.hpp"
#include "support/http/target.hpp"
#include "support/telemetry/log.hpp"
#include "support/telemetry/rate_limit.hpp"
#include "support/tracing/trace_context.hpp"
#include "support/webhook/signature.hpp"

namespace outbox::invoices {

namespace {

using http::Request;
using http::Response;
using std::chrono::seconds;

struct Refusal {
  int status;
  std::string detail;
};

Refusal unauthorized(std::string detail) {
  return {401, std::move(detail)};
}

Response answer(const Refusal& refusal) {
  Response response =
      http::problem(refusal.status, http::reason_phrase(refusal.status), refusal.detail);
  if (refusal.status == 401) response.headers.add("WWW-Authenticate", "Webhook-Signature");
  return response;
}

Response unavailable() {
  Response response = http::problem(
      503, "Service Unavailable",
      "The event could not be stored, or it is not known whether it was: send it again.");
  response.headers.add("Retry-After", "1");
  return response;
}

std::optional<std::int64_t> parse_seconds(std::string_view text) {
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

std::int64_t now() {
  return std::chrono::duration_cast<seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// What is wrong with the signature; nothing when it is right.
std::optional<Refusal> check_signature(const EventAuthentication& authentication,
                                       const Request& request) {
  std::array<std::string_view, 3> values;
  constexpr std::array<const char*, 3> kNames{"webhook-id", "webhook-timestamp",
                                              "webhook-signature"};
  for (std::size_t index = 0; index < kNames.size(); ++index) {
    if (request.headers.count(kNames[index]) != 1) {
      return unauthorized(std::string("The request must be signed: it must have one header ") +
                          kNames[index] + '.');
    }
    values[index] = *request.headers.find(kNames[index]);
  }
  const auto timestamp = parse_seconds(values[1]);
  if (!timestamp) return unauthorized("webhook-timestamp is not a Unix time in seconds.");
  if (!webhook::verify(authentication.secrets, values[0], *timestamp, request.body, values[2])) {
    return unauthorized(
        "webhook-signature has no signature of this id, timestamp and body with a secret that is "
        "known here.");
  }
  const std::int64_t tolerance = std::chrono::ceil<seconds>(authentication.tolerance).count();
  if (*timestamp < now() - tolerance || *timestamp > now() + tolerance) {
    return unauthorized("webhook-timestamp is more than " + std::to_string(tolerance) +
                        " s from this machine's clock: sign at the time of sending, and check the "
                        "clocks.");
  }
  return std::nullopt;
}

// A CloudEvents attribute in its header.
std::optional<std::string> attribute(const Request& request, std::string_view name) {
  if (request.headers.count(name) != 1) return std::nullopt;
  return http::percent_decode(*request.headers.find(name));
}

// The event as the other way in would have it, or what is wrong with the request.
std::variant<EventRecord, Refusal> read_event(const Request& request) {
  for (const char* name : {"ce-id", "ce-type", "ce-subject"}) {
    if (!attribute(request, name)) {
      return Refusal{400, std::string("The request must have one header ") + name +
                              ", as a CloudEvent in binary mode."};
    }
  }
  const std::string_view signed_id = *request.headers.find("webhook-id");
  if (attribute(request, "ce-id") != signed_id) {
    return Refusal{400, "ce-id is not the signed webhook-id."};
  }
  if (!Uuid::parse(signed_id)) return Refusal{400, "webhook-id is not a UUID."};
  EventRecord record;
  record.key = attribute(request, "ce-subject");
  record.payload = request.body;
  record.headers = {{"id", std::string(signed_id)}, {"ce_type", *attribute(request, "ce-type")}};
  if (request.headers.count("traceparent") == 1) {
    record.headers.emplace_back("traceparent", *request.headers.find("traceparent"));
  }
  return record;
}

// An event as far as its request names it, for the log; whoever sent it may have made it all up.
struct Named {
  std::optional<std::string> message_id;
  std::optional<std::string> key;  // shortened
  std::optional<int> shard;
  std::optional<std::string> trace_id;
};

Named named(const Request& request) {
  constexpr std::size_t kShown = 64;
  Named event;
  const auto id = Uuid::parse(request.headers.find("webhook-id").value_or(""));
  if (id) event.message_id = id->to_string();
  event.key = attribute(request, "ce-subject");
  if (event.key) {
    event.shard = shard_of(*event.key);
    event.key->resize(std::min(event.key->size(), kShown));
  }
  const auto traceparent = request.headers.find("traceparent").value_or("");
  event.trace_id = tracing::trace_id_of(tracing::parse_traceparent(traceparent));
  return event;
}

class EventRoute {
 public:
  EventRoute(EventAuthentication authentication, EventBatcher& batcher, ConsumerMetrics& metrics)
      : authentication_(std::move(authentication)), batcher_(&batcher), metrics_(&metrics) {}

  Response post(const Request& request) {
    if (const auto refusal = check_signature(authentication_, request)) {
      return refuse(*refusal, request);
    }
    auto event = read_event(request);
    if (const auto* refusal = std::get_if<Refusal>(&event)) return refuse(*refusal, request);
    const auto stored = batcher_->submit(std::get<EventRecord>(std::move(event)));
    if (!stored) {
      complain("an event could not be stored; its sender is asked to send it again",
               stored.error().message, request);
      return unavailable();
    }
    if (stored->refusal) return refuse({422, *stored->refusal}, request);
    return Response{204, {}, {}, {}};
  }

 private:
  Response refuse(const Refusal& refusal, const Request& request) {
    metrics_->event(ConsumerMetrics::kOtherType, "refused");
    complain("an event was refused; its sender keeps it", refusal.detail, request);
    return answer(refusal);
  }

  void complain(const char* what, const std::string& error, const Request& request) {
    const std::lock_guard lock(mutex_);
    if (const auto held_back = complaints_.pass(std::chrono::steady_clock::now())) {
      const Named event = named(request);
      log::warn(what, {{"message_id", event.message_id},
                       {"key", event.key},
                       {"shard", event.shard},
                       {"error", error},
                       {"held_back", *held_back},
                       {"trace_id", event.trace_id}});
    }
  }

  EventAuthentication authentication_;
  EventBatcher* batcher_;
  ConsumerMetrics* metrics_;
  std::mutex mutex_;
  telemetry::RateLimit complaints_{seconds{10}};
};

}  // namespace

void add_event_route(http::Router& router, EventAuthentication authentication,
                     EventBatcher& batcher, ConsumerMetrics& metrics) {
  auto route = std::make_shared<EventRoute>(std::move(authentication), batcher, metrics);
  router.add("POST", "/v1/events", [route](const Request& r) { return route->post(r); });
}

}  // namespace outbox::invoices
