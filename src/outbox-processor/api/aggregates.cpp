// The aggregates, and the messages of one in their order.
#include "admin/aggregates.hpp"

#include <utility>

#include "outbox-processor/api/answers.hpp"
#include "outbox-processor/api/query.hpp"
#include "outbox-processor/api/read_routes.hpp"

namespace outbox::api {
namespace {

using admin::PostgresOutbox;
using http::Request;
using http::Response;

Response list(const ApiContext& context, const Request& request) {
  if (const auto known = check_query(request, {"prefix", "limit", "cursor"}); !known) {
    return failure(request, known.error());
  }
  const auto page = page_of(request);
  if (!page) return failure(request, page.error());
  return with_outbox(context, request, [&](PostgresOutbox& outbox) {
    auto found = admin::list_aggregates(outbox, text_of(request, "prefix"), *page);
    if (!found) return failure(request, found.error());
    return json_answer(200, page_json(*std::move(found)));
  });
}

Response show(const ApiContext& context, const Request& request) {
  if (const auto known = check_query(request, {"limit", "cursor"}); !known) {
    return failure(request, known.error());
  }
  const auto page = page_of(request);
  if (!page) return failure(request, page.error());
  const std::string type{request.path_parameter("type")};
  const std::string id{request.path_parameter("id")};
  return with_outbox(context, request, [&](PostgresOutbox& outbox) {
    auto found = admin::aggregate_messages(outbox, type, id, *page);
    if (!found) return failure(request, found.error());
    return json_answer(200, {{"aggregateType", type},
                             {"aggregateId", id},
                             {"blockedBy", std::move(found->blocked_by)},
                             {"heldCount", found->held},
                             {"items", std::move(found->page.items)},
                             {"nextCursor", cursor_json(found->page.next_cursor)}});
  });
}

}  // namespace

void add_aggregate_routes(http::Router& router, const ApiContext& context) {
  router.add(
      "GET", "/api/v1/aggregates",
      [context](const Request& request) { return list(context, request); }, http::Access::viewer);
  router.add(
      "GET", "/api/v1/aggregates/{type}/{id}",
      [context](const Request& request) { return show(context, request); }, http::Access::viewer);
}

}  // namespace outbox::api
