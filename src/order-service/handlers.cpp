#include "order-service/handlers.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "order-service/embedded.hpp"
#include "order-service/order.hpp"
#include "order-service/order_json.hpp"
#include "order-service/request_rules.hpp"
#include "support/http/json_body.hpp"
#include "support/telemetry/log.hpp"

namespace outbox::orders {
namespace {

using http::problem;
using http::Request;
using http::Response;
using tracing::now_us;

constexpr int kDefaultPageSize = 20;

// The database's failure as an answer; the reason goes to the log, not to the client.
Response failure(const Request& request, const Error& error,
                 const std::optional<std::string>& trace_id) {
  log::warn("a request failed", {{"method", request.method},
                                 {"path", request.path},
                                 {"error", error.message},
                                 {"trace_id", trace_id}});
  if (error.code != ErrorCode::source_unavailable && error.code != ErrorCode::timeout) {
    return problem(500, "Internal Server Error", "the request failed; the server's log says why");
  }
  Response response = problem(
      503, "Service Unavailable",
      request.method == "POST"
          ? "the database does not answer, and whether the request took effect is not known: "
            "repeat it soon, with the same Idempotency-Key if it creates an order"
          : "the database does not answer: try again soon");
  response.headers.add("Retry-After", "1");
  return response;
}

Response failure(const Request& request, const Error& error) {
  return failure(request, error, tracing::trace_id_of(trace_of(request)));
}

std::variant<std::optional<IdempotentRequest>, Response> idempotency(const Request& request) {
  const std::size_t count = request.headers.count("Idempotency-Key");
  if (count == 0) return std::optional<IdempotentRequest>();
  const std::string key(*request.headers.find("Idempotency-Key"));
  if (count > 1 || !is_idempotency_key(key)) {
    return problem(400, "Bad Request",
                   "Idempotency-Key must be given once and have 1 to 255 visible ASCII characters");
  }
  return std::optional(IdempotentRequest{key, request_hash(request.path, request.body)});
}

Response to_response(const Answer& answer) {
  Response response = http::json_response(answer.status, answer.body);
  response.headers.add("Location", answer.location);
  return response;
}

std::string order_path(const Uuid& id) {
  return "/v1/orders/" + id.to_string();
}

// How a route that creates orders reads its body and shows the order.
struct Dialect {
  std::variant<OrderData, FieldErrors> (*read)(const http::JsonValue&);
  std::string (*show)(const Order&);
};

class Handlers {
 public:
  Handlers(OrderStore& store, ServiceMetrics& metrics, RequestTracing tracing)
      : store_(store), metrics_(metrics), tracing_(tracing) {}

  // `answer` takes the request's trace.
  template <class Answer>
  [[nodiscard]] Response traced(const Request& request, const char* route,
                                const Answer& answer) const {
    const RequestTrace trace = tracing_.begin(request, route);
    Response response = answer(trace);
    trace.answered(response.status);
    return response;
  }

  [[nodiscard]] Response create(const Request& request, const Dialect& dialect,
                                const RequestTrace& trace) const {
    auto key = idempotency(request);
    if (auto* refusal = std::get_if<Response>(&key)) return std::move(*refusal);
    auto body = http::read_json_body(request);
    if (auto* refusal = std::get_if<Response>(&body)) return std::move(*refusal);
    auto data = dialect.read(std::get<http::JsonValue>(body));
    if (auto* errors = std::get_if<FieldErrors>(&data)) return http::invalid_fields(*errors);
    Order order;
    order.id = Uuid::v7();
    order.data = std::get<OrderData>(std::move(data));
    order.created_at_us = now_us();
    const Answer answer{201, order_path(order.id), dialect.show(order)};
    const auto creation = store_.create(order, trace.traceparent(), answer,
                                        std::get<std::optional<IdempotentRequest>>(key));
    if (!creation.ok()) return failure(request, creation.error(), trace.trace_id());
    if (creation->message_id) trace.wrote(*creation->message_id, order.created_at_us);
    return answer_to(*creation);
  }

  [[nodiscard]] Response get(const Request& request) const {
    const auto id = Uuid::parse(request.path_parameter("id"));
    if (!id) return no_such_order();
    auto order = store_.find(*id);
    if (!order.ok()) return failure(request, order.error());
    if (!*order) return no_such_order();
    return http::json_response(200, order_json(**order));
  }

  [[nodiscard]] Response list(const Request& request) const {
    int limit = kDefaultPageSize;
    std::optional<Uuid> before;
    for (const auto& [name, value] : request.query) {
      if (name == "limit") {
        const auto size = parse_page_size(value);
        if (!size) return bad_query("limit must be a number from 1 to 100");
        limit = *size;
      } else if (name == "cursor") {
        before = decode_cursor(value);
        if (!before) return bad_query("cursor must be the nextCursor of an earlier page");
      } else {
        return bad_query("this list takes only limit and cursor");
      }
    }
    const auto page = store_.list(before, limit);
    if (!page.ok()) return failure(request, page.error());
    const std::string next = page->more ? encode_cursor(page->orders.back().id) : "";
    return http::json_response(200, order_page_json(page->orders, next));
  }

  [[nodiscard]] Response cancel(const Request& request, const RequestTrace& trace) const {
    std::optional<std::string> reason;
    if (!request.body.empty()) {
      auto body = http::read_json_body(request);
      if (auto* refusal = std::get_if<Response>(&body)) return std::move(*refusal);
      auto read = read_cancellation(std::get<http::JsonValue>(body));
      if (auto* errors = std::get_if<FieldErrors>(&read)) return http::invalid_fields(*errors);
      reason = std::get<std::optional<std::string>>(std::move(read));
    }
    const auto id = Uuid::parse(request.path_parameter("id"));
    if (!id) return no_such_order();
    const std::int64_t now = now_us();
    auto cancellation = store_.cancel(*id, reason, now, trace.traceparent());
    if (!cancellation.ok()) return failure(request, cancellation.error(), trace.trace_id());
    if (!*cancellation) return no_such_order();
    if (const auto& message = (*cancellation)->message_id) trace.wrote(*message, now);
    if ((*cancellation)->changed) metrics_.order_cancelled();
    return http::json_response(200, order_json((*cancellation)->order));
  }

 private:
  [[nodiscard]] Response answer_to(const Creation& creation) const {
    switch (creation.outcome) {
      case Creation::Outcome::created:
        metrics_.order_created();
        return to_response(creation.answer);
      case Creation::Outcome::replayed: {
        metrics_.answer_replayed();
        Response response = to_response(creation.answer);
        response.headers.add("Idempotency-Replayed", "true");
        return response;
      }
      case Creation::Outcome::running: {
        Response response = problem(409, "Conflict",
                                    "a request with this Idempotency-Key is still running: "
                                    "repeat this one soon to get its answer");
        response.headers.add("Retry-After", "1");
        return response;
      }
      case Creation::Outcome::key_reused:
        break;
    }
    return problem(422, "Unprocessable Content",
                   "this Idempotency-Key was used for another request: take a new key");
  }

  [[nodiscard]] static Response no_such_order() {
    return problem(404, "Not Found", "there is no order with this id");
  }

  [[nodiscard]] static Response bad_query(std::string_view detail) {
    return problem(400, "Bad Request", detail);
  }

  OrderStore& store_;
  ServiceMetrics& metrics_;
  RequestTracing tracing_;
};

}  // namespace

std::string_view openapi_document() {
  return embedded::f_openapi_json;
}

void add_order_routes(http::Router& router, OrderStore& store, ServiceMetrics& metrics,
                      RequestTracing tracing) {
  const Handlers handlers(store, metrics, tracing);
  router.add("POST", "/v1/orders", [handlers](const Request& request) {
    return handlers.traced(request, "POST /v1/orders", [&](const RequestTrace& trace) {
      return handlers.create(request, {read_order, order_json}, trace);
    });
  });
  router.add("POST", "/orders", [handlers](const Request& request) {
    return handlers.traced(request, "POST /orders", [&](const RequestTrace& trace) {
      return handlers.create(request, {read_simple_order, simple_order_json}, trace);
    });
  });
  router.add("GET", "/v1/orders", [handlers](const Request& r) { return handlers.list(r); });
  router.add("GET", "/v1/orders/{id}", [handlers](const Request& r) { return handlers.get(r); });
  router.add("POST", "/v1/orders/{id}/cancel", [handlers](const Request& request) {
    return handlers.traced(request, "POST /v1/orders/{id}/cancel", [&](const RequestTrace& trace) {
      return handlers.cancel(request, trace);
    });
  });
  router.add("GET", "/openapi.json", [](const Request&) {
    return http::json_response(200, std::string(openapi_document()));
  });
}

}  // namespace outbox::orders
