// What people did, and relays on their own.
#include <utility>

#include "admin/audit_log.hpp"
#include "outbox-processor/api/answers.hpp"
#include "outbox-processor/api/query.hpp"
#include "outbox-processor/api/read_routes.hpp"

namespace outbox::api {
namespace {

http::Response list(const ApiContext& context, const http::Request& request) {
  if (const auto known =
          check_query(request, {"actor", "action", "seq", "since", "until", "limit", "cursor"});
      !known) {
    return failure(request, known.error());
  }
  const auto page = page_of(request);
  if (!page) return failure(request, page.error());
  const admin::AuditFilter filter{text_of(request, "actor"), text_of(request, "action"),
                                  text_of(request, "seq"), text_of(request, "since"),
                                  text_of(request, "until")};
  return with_outbox(context, request, [&](admin::PostgresOutbox& outbox) {
    auto found = admin::list_audit(outbox, filter, *page);
    if (!found) return failure(request, found.error());
    return json_answer(200, page_json(*std::move(found)));
  });
}

}  // namespace

void add_audit_routes(http::Router& router, const ApiContext& context) {
  router.add(
      "GET", "/api/v1/audit",
      [context](const http::Request& request) { return list(context, request); },
      http::Access::viewer);
}

}  // namespace outbox::api
