// Orders as JSON: for clients, and as events.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "order-service/order.hpp"
#include "outbox/message.hpp"

namespace outbox::orders {

// The order as /v1 shows it; amounts are decimal strings.
[[nodiscard]] std::string order_json(const Order& order);

// A page of /v1/orders. `next_cursor`: empty on the last page.
[[nodiscard]] std::string order_page_json(std::span<const Order> orders,
                                          std::string_view next_cursor);

// The order of one line as POST /orders answers it; the price is a JSON number with exact digits.
[[nodiscard]] std::string simple_order_json(const Order& order);

// Of all messages; their key is the order's id.
inline constexpr const char* kAggregateType = "order";

// The messages for the outbox. `traceparent` of the request that caused them, if it had one.
[[nodiscard]] Message order_created(const Order& order,
                                    const std::optional<std::string>& traceparent);
// Precondition: the order is cancelled.
[[nodiscard]] Message order_cancelled(const Order& order,
                                      const std::optional<std::string>& traceparent);

// RFC 3339 in UTC with microseconds: "2026-01-31T12:00:00.000001Z".
[[nodiscard]] std::string format_time(std::int64_t unix_us);

}  // namespace outbox::orders
