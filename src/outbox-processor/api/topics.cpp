// Where messages went since this relay's start.
#include <algorithm>
#include <utility>

#include "admin/outbox_state.hpp"
#include "outbox-processor/api/answers.hpp"
#include "outbox-processor/api/query.hpp"
#include "outbox-processor/api/read_routes.hpp"

namespace outbox::api {
namespace {

using admin::Json;

Json topic_json(const Monitor::Topic& topic, bool paused) {
  const auto& by_sink = topic.totals.paused_by_sink;
  return {{"topic", topic.totals.topic},
          {"published", topic.totals.published},
          {"publishedPerSecond", topic.published_per_second},
          {"failures", topic.totals.failures},
          {"paused", paused},
          {"pausedBySink", by_sink ? Json(*by_sink) : Json(nullptr)}};
}

Json topics_json(const Monitor& monitor, std::vector<std::string> paused) {
  Json items = Json::array();
  for (const Monitor::Topic& topic : monitor.topics()) {
    const auto found = std::find(paused.begin(), paused.end(), topic.totals.topic);
    items.push_back(topic_json(topic, found != paused.end()));
    if (found != paused.end()) paused.erase(found);
  }
  // Paused before it had a message.
  for (std::string& topic : paused)
    items.push_back(topic_json({{std::move(topic)}}, true));
  return {{"items", std::move(items)}};
}

http::Response list(const ApiContext& context, const http::Request& request) {
  if (const auto known = check_query(request, {}); !known) return failure(request, known.error());
  if (context.outbox == nullptr) return json_answer(200, topics_json(*context.monitor, {}));
  return with_outbox(context, request, [&](admin::PostgresOutbox& outbox) {
    auto state = admin::read_state(outbox);
    if (!state) return failure(request, state.error());
    return json_answer(200, topics_json(*context.monitor, std::move(state->paused_topics)));
  });
}

}  // namespace

void add_topic_routes(http::Router& router, const ApiContext& context) {
  router.add(
      "GET", "/api/v1/topics",
      [context](const http::Request& request) { return list(context, request); },
      http::Access::viewer);
}

}  // namespace outbox::api
