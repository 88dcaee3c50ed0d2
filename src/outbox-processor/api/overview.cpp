// How the relay is, now and over the last hour.
#include "outbox-processor/overview.hpp"

#include <memory>
#include <utility>

#include "outbox-processor/api/answers.hpp"
#include "outbox-processor/api/query.hpp"
#include "outbox-processor/api/read_routes.hpp"
#include "support/http/event_stream.hpp"
#include "support/text/rfc3339.hpp"

namespace outbox::api {
namespace {

using admin::Json;
using http::Request;
using http::Response;

template <class T>
Json nullable(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json point_json(const HistoryPoint& point) {
  Json json = {{"at", text::rfc3339_micros(point.at_us)},
               {"processedPerSecond", point.processed_per_second},
               {"failedPerSecond", point.failed_per_second},
               {"insertedPerSecond", nullable(point.inserted_per_second)},
               {"pending", nullable(point.pending)},
               {"oldestPendingAgeSeconds", nullable(point.oldest_pending_age_seconds)},
               {"p50Ms", nullptr},
               {"p95Ms", nullptr},
               {"p99Ms", nullptr}};
  if (point.latency) {
    json["p50Ms"] = point.latency->p50_ms;
    json["p95Ms"] = point.latency->p95_ms;
    json["p99Ms"] = point.latency->p99_ms;
  }
  return json;
}

Response overview(Monitor& monitor) {
  Response response = http::json_response(200, monitor.overview());
  response.headers.add("Cache-Control", "no-store");
  return response;
}

Response events(Monitor& monitor) {
  Response response;
  response.stream = std::make_shared<http::EventStream>();
  monitor.listen([stream = response.stream](const std::string& overview) {
    return stream->push("overview", overview);
  });
  return response;
}

Response history(const ApiContext& context, const Request& request) {
  if (const auto known = check_query(request, {"minutes"}); !known) {
    return failure(request, known.error());
  }
  const auto minutes = number_of(request, "minutes", History::kMinutes, 1, History::kMinutes);
  if (!minutes) return failure(request, minutes.error());
  Json points = Json::array();
  for (const HistoryPoint& point : context.monitor->history().last(static_cast<int>(*minutes)))
    points.push_back(point_json(point));
  return json_answer(200, {{"stepSeconds", History::kStepSeconds}, {"points", std::move(points)}});
}

}  // namespace

void add_overview_routes(http::Router& router, const ApiContext& context) {
  router.add(
      "GET", "/api/v1/overview", [context](const Request&) { return overview(*context.monitor); },
      http::Access::viewer);
  router.add(
      "GET", "/api/v1/events", [context](const Request&) { return events(*context.monitor); },
      http::Access::viewer);
  router.add(
      "GET", "/api/v1/history",
      [context](const Request& request) { return history(context, request); },
      http::Access::viewer);
}

}  // namespace outbox::api
