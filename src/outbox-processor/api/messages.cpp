// Messages: looked for, and one of them with everything that is known of it.
#include <algorithm>
#include <string>
#include <utility>

#include "admin/message_payload.hpp"
#include "admin/message_search.hpp"
#include "admin/trace.hpp"
#include "outbox-processor/api/answers.hpp"
#include "outbox-processor/api/message_json.hpp"
#include "outbox-processor/api/query.hpp"
#include "outbox-processor/api/read_routes.hpp"
#include "outbox-processor/api/sees_everything.hpp"

namespace outbox::api {
namespace {

using admin::Json;
using admin::PostgresOutbox;
using http::Request;
using http::Response;

// Characters of a payload that are shown.
constexpr std::int64_t kMostShown = 256 * 1024;

// invalid_argument: a filter is wrong, or would tell what is hidden from the caller.
Result<admin::MessageFilter> filter_of(const ApiContext& context, const Request& request) {
  if (auto known =
          check_query(request, {"status", "topic", "aggregateType", "aggregateId", "type", "since",
                                "until", "error", "path", "value", "order", "limit", "cursor"});
      !known) {
    return std::move(known).error();
  }
  admin::MessageFilter filter;
  filter.status = text_of(request, "status");
  filter.topic = text_of(request, "topic");
  filter.aggregate_type = text_of(request, "aggregateType");
  filter.aggregate_id = text_of(request, "aggregateId");
  filter.type = text_of(request, "type");
  filter.since = text_of(request, "since");
  filter.until = text_of(request, "until");
  filter.error = text_of(request, "error");
  filter.path = text_of(request, "path");
  filter.value = text_of(request, "value");
  const std::string order = text_of(request, "order");
  if (!order.empty() && order != "asc" && order != "desc") {
    return Error{ErrorCode::invalid_argument, "order is asc or desc"};
  }
  filter.ascending = order == "asc";
  if (filter.path.empty() || sees_everything(request)) return filter;
  // Whoever may guess at a value sees it in the end.
  const auto path = admin::parse_json_path(filter.path);
  if (!path) return path.error();
  for (const auto& hidden : context.masked_paths) {
    if (admin::overlap(*path, hidden)) {
      return Error{ErrorCode::invalid_argument, "what is at this path is hidden from you"};
    }
  }
  return filter;
}

Response list(const ApiContext& context, const Request& request) {
  const auto filter = filter_of(context, request);
  if (!filter) return failure(request, filter.error());
  const auto page = page_of(request);
  if (!page) return failure(request, page.error());
  return with_outbox(context, request, [&](PostgresOutbox& outbox) {
    auto found = admin::search_messages(outbox, *filter, *page);
    if (!found) return failure(request, found.error());
    Json searched_to = nullptr;
    if (found->searched_to) searched_to = std::to_string(*found->searched_to);
    return json_answer(200, {{"items", std::move(found->items)},
                             {"nextCursor", cursor_json(found->next_cursor)},
                             {"searchedTo", searched_to},
                             {"complete", found->complete}});
  });
}

Json payload_json(const ApiContext& context, const Request& request, admin::StoredPayload payload) {
  const bool masked = !context.masked_paths.empty() && !sees_everything(request) &&
                      mask(payload, context.masked_paths);
  return {{"encoding", payload.encoding},
          {"content", std::move(payload.content)},
          {"bytes", payload.bytes},
          {"truncated", payload.truncated},
          {"masked", masked}};
}

Response show(const ApiContext& context, const Request& request) {
  if (const auto known = check_query(request, {}); !known) return failure(request, known.error());
  return with_outbox(context, request, [&](PostgresOutbox& outbox) {
    const auto traced = admin::trace(outbox, std::string{request.path_parameter("name")});
    if (!traced) return failure(request, traced.error());
    Json items = Json::array();
    for (const Json& one : *traced) {
      Json message = message_json(one);
      auto payload = admin::read_payload(outbox, one["seq"].get<std::int64_t>(), kMostShown);
      if (!payload) return failure(request, payload.error());
      if (*payload) message["payload"] = payload_json(context, request, **std::move(payload));
      items.push_back(std::move(message));
    }
    return json_answer(200, {{"items", std::move(items)}});
  });
}

}  // namespace

void add_message_routes(http::Router& router, const ApiContext& context) {
  router.add(
      "GET", "/api/v1/messages",
      [context](const Request& request) { return list(context, request); }, http::Access::viewer);
  router.add(
      "GET", "/api/v1/messages/{name}",
      [context](const Request& request) { return show(context, request); }, http::Access::viewer);
}

}  // namespace outbox::api
