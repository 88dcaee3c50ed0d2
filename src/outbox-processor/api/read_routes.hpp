// The routes that only look: see each file of that name. None of them costs more for an outbox of
// ten million messages than for an empty one.
#pragma once

#include <string_view>

#include "outbox-processor/api/context.hpp"
#include "support/http/router.hpp"

namespace outbox::api {

// GET /overview, /history and /events
void add_overview_routes(http::Router& router, const ApiContext& context);
// GET /messages and /messages/{name}
void add_message_routes(http::Router& router, const ApiContext& context);
// GET /messages/{name}/trace
void add_trace_routes(http::Router& router, const ApiContext& context);
// GET /dead-letters and /dead-letters/groups
void add_dead_letter_lists(http::Router& router, const ApiContext& context);
// GET /aggregates and /aggregates/{type}/{id}
void add_aggregate_routes(http::Router& router, const ApiContext& context);
// GET /topics
void add_topic_routes(http::Router& router, const ApiContext& context);
// GET /shards
void add_shard_routes(http::Router& router, const ApiContext& context);
// GET /config
void add_config_routes(http::Router& router, const ApiContext& context);
// GET /audit
void add_audit_routes(http::Router& router, const ApiContext& context);
// GET /openapi.json
void add_openapi_route(http::Router& router);

// All of them, below /api/v1. What `context` borrows must outlive the router.
void add_read_routes(http::Router& router, const ApiContext& context);

// Embedded openapi.json, of the changing routes and the session too.
[[nodiscard]] std::string_view openapi_document();

}  // namespace outbox::api
