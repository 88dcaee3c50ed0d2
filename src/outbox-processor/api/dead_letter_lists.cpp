// Dead letters: one by one, and by what their errors have in common.
#include <utility>

#include "admin/dead_letter_list.hpp"
#include "outbox-processor/api/answers.hpp"
#include "outbox-processor/api/query.hpp"
#include "outbox-processor/api/read_routes.hpp"

namespace outbox::api {
namespace {

using admin::PostgresOutbox;
using http::Request;
using http::Response;

Response list(const ApiContext& context, const Request& request) {
  if (const auto known = check_query(
          request, {"error", "type", "aggregateType", "aggregateId", "since", "limit", "cursor"});
      !known) {
    return failure(request, known.error());
  }
  const auto page = page_of(request);
  if (!page) return failure(request, page.error());
  admin::DeadLetterFilter filter;
  filter.key = text_of(request, "aggregateId");
  filter.type = text_of(request, "type");
  filter.error = text_of(request, "error");
  filter.since = text_of(request, "since");
  filter.aggregate_type = text_of(request, "aggregateType");
  return with_outbox(context, request, [&](PostgresOutbox& outbox) {
    auto found = admin::list_dead_letters(outbox, filter, *page);
    if (!found) return failure(request, found.error());
    return json_answer(200, page_json(*std::move(found)));
  });
}

Response groups(const ApiContext& context, const Request& request) {
  if (const auto known = check_query(request, {}); !known) return failure(request, known.error());
  return with_outbox(context, request, [&](PostgresOutbox& outbox) {
    auto found = admin::group_dead_letters(outbox);
    if (!found) return failure(request, found.error());
    return json_answer(200, *found);
  });
}

}  // namespace

void add_dead_letter_lists(http::Router& router, const ApiContext& context) {
  router.add(
      "GET", "/api/v1/dead-letters",
      [context](const Request& request) { return list(context, request); }, http::Access::viewer);
  router.add(
      "GET", "/api/v1/dead-letters/groups",
      [context](const Request& request) { return groups(context, request); }, http::Access::viewer);
}

}  // namespace outbox::api
