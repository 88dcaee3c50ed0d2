// The service's HTTP routes.
#pragma once

#include <string_view>

#include "order-service/request_trace.hpp"
#include "order-service/service_metrics.hpp"
#include "order-service/store.hpp"
#include "support/http/router.hpp"

namespace outbox::orders {

// Adds the routes of openapi.json except those of health. Store and metrics must outlive the
// router.
void add_order_routes(http::Router& router, OrderStore& store, ServiceMetrics& metrics,
                      RequestTracing tracing);

// Embedded openapi.json.
[[nodiscard]] std::string_view openapi_document();

}  // namespace outbox::orders
