// The service's routes. openapi.json describes them; a test holds the two together.
#pragma once

#include <functional>

#include "invoice-service/invoice_store.hpp"
#include "support/http/router.hpp"

namespace outbox::invoices {

// GET /health, /v1/invoices, /v1/invoices/{id}, /v1/events/{id} and /openapi.json. `check_kafka`
// tells whether the brokers answer; none without Kafka. Everything passed must outlive the router's
// server.
void add_routes(http::Router& router, const InvoiceStore& store,
                std::function<Result<void>()> check_kafka);

// Embedded openapi.json.
[[nodiscard]] std::string_view openapi_document();

}  // namespace outbox::invoices
