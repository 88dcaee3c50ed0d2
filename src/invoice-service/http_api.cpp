#include "invoice-service/http_api.hpp"

#include <charconv>
#include <chrono>
#include <mutex>
#include <utility>

#include <nlohmann/json.hpp>

#include "invoice-service/embedded.hpp"
#include "invoice-service/invoice.hpp"
#include "support/telemetry/log.hpp"
#include "support/telemetry/rate_limit.hpp"
#include "support/text/rfc3339.hpp"

namespace outbox::invoices {

namespace {

using http::Request;
using http::Response;
using nlohmann::ordered_json;

constexpr int kDefaultLimit = 50;
constexpr int kMaxLimit = 500;

// The store's own words may name hosts: they are for the log and /readyz.
Response unavailable(const Error& error) {
  static std::mutex mutex;
  static telemetry::RateLimit limit{std::chrono::seconds{10}};
  const std::unique_lock lock(mutex);
  if (const auto held_back = limit.pass(std::chrono::steady_clock::now())) {
    log::warn("a request could not be answered: the store is away",
              {{"error", error.message}, {"held_back", *held_back}});
  }
  Response response = http::problem(503, "Service Unavailable",
                                    "The invoices cannot be read at the moment; try again later.");
  response.headers.add("Retry-After", "1");
  return response;
}

Response not_found(std::string_view what) {
  return http::problem(404, "Not Found", what);
}

Response bad_parameter(std::string_view detail) {
  return http::problem(400, "Bad Request", detail);
}

Response get_invoice(const InvoiceStore& store, const Request& request) {
  const auto order = order_of_invoice(request.path_parameter("id"));
  if (!order) return not_found("There is no such invoice; ids look like inv-<UUID of the order>.");
  auto invoice = store.find_by_order(*order);
  if (!invoice) return unavailable(invoice.error());
  if (!*invoice) return not_found("There is no such invoice.");
  return http::json_response(200, invoice_json(**invoice));
}

Response page_response(const InvoicePage& page) {
  std::string body = "{\"invoices\":[";
  std::string last;
  for (const Invoice& invoice : page.invoices) {
    if (!last.empty()) body += ',';
    body += invoice_json(invoice);
    last = invoice.order_id;
  }
  body += "],\"nextCursor\":" + (page.more ? "\"" + invoice_id(last) + "\"" : "null") + "}";
  return http::json_response(200, std::move(body));
}

Response invoices_of_order(const InvoiceStore& store, std::string_view text) {
  const auto order = Uuid::parse(text);
  if (!order) return bad_parameter("orderId is not a UUID.");
  auto found = store.find_by_order(order->to_string());
  if (!found) return unavailable(found.error());
  InvoicePage page;
  if (*found) page.invoices.push_back(std::move(**found));
  return page_response(page);
}

Response list_invoices(const InvoiceStore& store, const Request& request) {
  if (const auto order = request.query_parameter("orderId")) {
    return invoices_of_order(store, *order);
  }
  int limit = kDefaultLimit;
  if (const auto text = request.query_parameter("limit")) {
    const auto read = std::from_chars(text->data(), text->data() + text->size(), limit);
    const bool whole = read.ec == std::errc{} && read.ptr == text->data() + text->size();
    if (!whole || limit < 1 || limit > kMaxLimit) {
      return bad_parameter("limit is not a number from 1 to 500.");
    }
  }
  std::string after;
  if (const auto cursor = request.query_parameter("cursor")) {
    const auto order = order_of_invoice(*cursor);
    if (!order) return bad_parameter("cursor is not the nextCursor of an earlier answer.");
    after = *order;
  }
  const auto page = store.list(after, limit);
  if (!page) return unavailable(page.error());
  return page_response(*page);
}

Response get_event(const InvoiceStore& store, const Request& request) {
  const auto id = Uuid::parse(request.path_parameter("id"));
  if (!id) return not_found("There is no such message; ids are UUIDs.");
  const auto fate = store.find_message(*id);
  if (!fate) return unavailable(fate.error());
  if (!*fate) {
    return not_found(
        "No message of this id has had an effect here: it has not come yet, is of a "
        "type that means nothing to invoices, or went to the dead letters.");
  }
  const ordered_json json{
      {"messageId", id->to_string()},
      {"outcome", "applied"},
      {"effect", (*fate)->effect},
      {"amountMinor", (*fate)->amount_minor},
      {"orderId", (*fate)->order_id},
      {"invoiceId", invoice_id((*fate)->order_id)},
      {"invoiceStatus", (*fate)->invoice_status},
      {"at", text::rfc3339_millis((*fate)->at_ms)},
      {"duplicates", (*fate)->redeliveries},
      {"traceparent", (*fate)->traceparent ? ordered_json(*(*fate)->traceparent) : ordered_json()}};
  return http::json_response(200, json.dump());
}

Response health(const InvoiceStore& store, const std::function<Result<void>()>& check_kafka) {
  const bool store_up = store.ping().ok();
  const bool kafka_up = !check_kafka || check_kafka().ok();
  const auto word = [](bool up) { return up ? "up" : "down"; };
  ordered_json json{{"status", word(store_up && kafka_up)}, {"service", "invoice-service"}};
  json[std::string(store.name())] = word(store_up);
  if (check_kafka) json["kafka"] = word(kafka_up);
  return http::json_response(store_up && kafka_up ? 200 : 503, json.dump());
}

}  // namespace

std::string_view openapi_document() {
  return embedded::f_openapi_json;
}

void add_routes(http::Router& router, const InvoiceStore& store,
                std::function<Result<void>()> check_kafka) {
  router.add("GET", "/v1/invoices", [&store](const Request& r) { return list_invoices(store, r); });
  router.add("GET", "/v1/invoices/{id}",
             [&store](const Request& r) { return get_invoice(store, r); });
  router.add("GET", "/v1/events/{id}", [&store](const Request& r) { return get_event(store, r); });
  router.add("GET", "/health", [&store, check = std::move(check_kafka)](const Request&) {
    return health(store, check);
  });
  router.add(
      "GET", "/openapi.json",
      [](const Request&) { return http::json_response(200, std::string(openapi_document())); },
      http::RunOn::inline_fast);
}

}  // namespace outbox::invoices
