#include "order-service/order_json.hpp"

#include <nlohmann/json.hpp>

#include "support/money/money.hpp"
#include "support/text/rfc3339.hpp"

namespace outbox::orders {
namespace {

using Json = nlohmann::ordered_json;

std::string amount(std::int64_t minor, const std::string& currency) {
  return money::format_minor(minor, money::currency_exponent(currency).value_or(2));
}

Json optional_text(const std::optional<std::string>& text) {
  return text ? Json(*text) : Json(nullptr);
}

Json lines_json(const OrderData& data, const char* price_name) {
  Json lines = Json::array();
  for (const OrderLine& line : data.lines) {
    lines.push_back({{"productId", line.product_id},
                     {"quantity", line.quantity},
                     {price_name, amount(line.unit_price_minor, data.currency)}});
  }
  return lines;
}

Json to_json(const Order& order) {
  Json json{{"id", order.id.to_string()},
            {"customerId", optional_text(order.data.customer_id)},
            {"currency", order.data.currency},
            {"status", order.data.status},
            {"items", lines_json(order.data, "price")},
            {"total", amount(order.data.total_minor, order.data.currency)},
            {"createdAt", format_time(order.created_at_us)}};
  if (order.cancelled_at_us) json["cancelledAt"] = format_time(*order.cancelled_at_us);
  if (order.cancellation_reason) json["cancellationReason"] = *order.cancellation_reason;
  return json;
}

Message event(const Order& order, std::string type, const Json& payload,
              const std::optional<std::string>& traceparent) {
  Message message;
  message.aggregate_type = kAggregateType;
  message.aggregate_id = order.id.to_string();
  message.type = std::move(type);
  message.payload = payload.dump();
  message.headers.push_back({"content-type", "application/json"});
  if (traceparent) message.headers.push_back({"traceparent", *traceparent});
  return message;
}

}  // namespace

std::string order_json(const Order& order) {
  return to_json(order).dump();
}

std::string order_page_json(std::span<const Order> orders, std::string_view next_cursor) {
  Json page{{"orders", Json::array()}};
  for (const Order& order : orders)
    page["orders"].push_back(to_json(order));
  page["nextCursor"] = next_cursor.empty() ? Json(nullptr) : Json(next_cursor);
  return page.dump();
}

std::string simple_order_json(const Order& order) {
  const OrderLine& line = order.data.lines.front();
  Json json{{"id", order.id.to_string()},      {"productId", line.product_id},
            {"quantity", line.quantity},       {"status", order.data.status},
            {"currency", order.data.currency}, {"createdAt", format_time(order.created_at_us)}};
  // Written by hand, since a double would round it.
  std::string text = json.dump();
  text.pop_back();
  return text + ",\"price\":" + amount(line.unit_price_minor, order.data.currency) + "}";
}

Message order_created(const Order& order, const std::optional<std::string>& traceparent) {
  const Json payload{{"orderId", order.id.to_string()},
                     {"customerId", optional_text(order.data.customer_id)},
                     {"currency", order.data.currency},
                     {"status", order.data.status},
                     {"items", lines_json(order.data, "unitPrice")},
                     {"total", amount(order.data.total_minor, order.data.currency)},
                     {"createdAt", format_time(order.created_at_us)}};
  return event(order, "OrderCreated", payload, traceparent);
}

Message order_cancelled(const Order& order, const std::optional<std::string>& traceparent) {
  Json payload{{"orderId", order.id.to_string()},
               {"cancelledAt", format_time(order.cancelled_at_us.value_or(0))}};
  if (order.cancellation_reason) payload["reason"] = *order.cancellation_reason;
  return event(order, "OrderCancelled", payload, traceparent);
}

std::string format_time(std::int64_t unix_us) {
  return text::rfc3339_micros(unix_us);
}

}  // namespace outbox::orders
