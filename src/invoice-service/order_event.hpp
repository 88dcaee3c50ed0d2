// What a record of the topic `order-events` says, checked as if a stranger had written it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "outbox/result.hpp"
#include "outbox/uuid.hpp"

namespace outbox::invoices {

// One record as it came from Kafka.
struct EventRecord {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::optional<std::string> key;
  std::optional<std::string> payload;                        // none: a null value
  std::vector<std::pair<std::string, std::string>> headers;  // names may repeat

  // The last value of that name, as Kafka's own lookup has it.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
};

struct OrderItem {
  std::string product_id;
  std::int64_t quantity = 0;  // at least 1
  std::int64_t unit_price_minor = 0;
  std::int64_t amount_minor = 0;  // quantity × unit price
};

struct OrderCreated {
  std::string order_id;
  std::optional<std::string> customer_id;
  std::string currency;  // ISO 4217
  std::vector<OrderItem> items;
  std::int64_t total_minor = 0;  // the sum of the items; the event's own total is the same
};

struct OrderCancelled {
  std::string order_id;
  std::optional<std::string> reason;
};

struct UnknownEvent {
  std::string type;
};

struct OrderEvent {
  Uuid message_id;
  std::variant<OrderCreated, OrderCancelled, UnknownEvent> body;
};

// message_rejected: the record cannot be read; the message says what is wrong and where.
[[nodiscard]] Result<OrderEvent> parse_order_event(const EventRecord& record);

}  // namespace outbox::invoices
