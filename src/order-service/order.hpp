// Orders: what one is, and which are accepted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "outbox/uuid.hpp"
#include "support/http/json_body.hpp"

namespace outbox::orders {

inline constexpr std::size_t kMaxLines = 1'000;
inline constexpr std::int32_t kMaxQuantity = 1'000'000;
inline constexpr std::size_t kMaxIdCharacters = 128;
inline constexpr std::size_t kMaxReasonCharacters = 500;
inline constexpr std::string_view kCreated = "CREATED";
inline constexpr std::string_view kCancelled = "CANCELLED";

struct OrderLine {
  std::string product_id;             // 1 to 128 characters, none of them a control character
  std::int32_t quantity = 0;          // 1 to 1,000,000
  std::int64_t unit_price_minor = 0;  // 0 or more, in the currency's minor unit
};

// An order that was accepted: all fields keep the rules.
struct OrderData {
  std::optional<std::string> customer_id;
  std::string currency;  // ISO 4217
  std::string status;
  std::vector<OrderLine> lines;  // 1 to 1,000
  std::int64_t total_minor = 0;  // the sum over the lines
};

struct Order {
  Uuid id;
  OrderData data;
  std::int64_t created_at_us = 0;  // Unix time in microseconds
  std::optional<std::int64_t> cancelled_at_us;
  std::optional<std::string> cancellation_reason;
};

using http::FieldErrors;

// The body of POST /v1/orders: productId, quantity, price or a list of those as items; currency;
// customerId. A price is a decimal string ("12.50") or an integer of minor units (1250). Unknown
// members are refused. At most 50 errors are listed.
[[nodiscard]] std::variant<OrderData, FieldErrors> read_order(const http::JsonValue& body);

// The body of POST /orders: productId, quantity, price and status of one line, in EUR, without a
// customer. The price is a JSON number whose digits count (12.5 is 12.50 EUR), or a decimal string.
// Unknown members are ignored.
[[nodiscard]] std::variant<OrderData, FieldErrors> read_simple_order(const http::JsonValue& body);

// The body of a cancellation: nothing but an optional reason.
[[nodiscard]] std::variant<std::optional<std::string>, FieldErrors> read_cancellation(
    const http::JsonValue& body);

}  // namespace outbox::orders
