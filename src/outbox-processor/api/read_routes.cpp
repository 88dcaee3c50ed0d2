#include "outbox-processor/api/read_routes.hpp"

#include <string>

#include "outbox-processor/api/embedded.hpp"

namespace outbox::api {

std::string_view openapi_document() {
  return embedded::f_openapi_json;
}

void add_openapi_route(http::Router& router) {
  router.add(
      "GET", "/api/v1/openapi.json",
      [](const http::Request&) {
        return http::json_response(200, std::string{openapi_document()});
      },
      http::RunOn::inline_fast, http::Access::viewer);
}

void add_read_routes(http::Router& router, const ApiContext& context) {
  add_overview_routes(router, context);
  add_message_routes(router, context);
  add_trace_routes(router, context);
  add_dead_letter_lists(router, context);
  add_aggregate_routes(router, context);
  add_topic_routes(router, context);
  add_shard_routes(router, context);
  add_config_routes(router, context);
  add_audit_routes(router, context);
  add_openapi_route(router);
}

}  // namespace outbox::api
