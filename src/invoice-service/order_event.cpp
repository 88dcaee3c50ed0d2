#include "invoice-service/order_event.hpp"

#include <algorithm>
#include <charconv>

#include "support/http/json.hpp"
#include "support/money/money.hpp"

namespace outbox::invoices {

namespace {

using http::child_pointer;
using http::JsonValue;

// order-service's longest text is a reason of 500 characters, which may be 2,000 bytes.
constexpr std::size_t kMaxTextBytes = 4'096;

Error unreadable(std::string message) {
  return Error{ErrorCode::message_rejected, std::move(message)};
}

Error wrong(std::string_view pointer, std::string_view expected) {
  return unreadable("the payload at " + std::string(pointer) + " is not " + std::string(expected));
}

Result<std::string> required_text(const JsonValue& object, std::string_view parent,
                                  std::string_view name) {
  const JsonValue* value = object.find(name);
  const bool usable = value != nullptr && value->kind == JsonValue::Kind::string &&
                      !value->text.empty() && value->text.size() <= kMaxTextBytes;
  if (!usable) return wrong(child_pointer(parent, name), "a text of 1 to 4,096 bytes");
  return value->text;
}

Result<std::optional<std::string>> optional_text(const JsonValue& object, std::string_view name) {
  const JsonValue* value = object.find(name);
  if (value == nullptr || value->kind == JsonValue::Kind::null) return std::optional<std::string>();
  auto text = required_text(object, "#", name);
  if (!text) return std::move(text).error();
  return std::optional<std::string>(std::move(text).value());
}

Result<std::int64_t> amount(const JsonValue& object, std::string_view parent, std::string_view name,
                            int exponent) {
  const JsonValue* value = object.find(name);
  const auto minor = value != nullptr && value->kind == JsonValue::Kind::string
                         ? money::parse_minor(value->text, exponent)
                         : std::nullopt;
  if (!minor) {
    return wrong(child_pointer(parent, name),
                 "an amount like \"12.50\" with the decimals of its currency");
  }
  return *minor;
}

Result<std::int64_t> positive_integer(const JsonValue& object, std::string_view parent,
                                      std::string_view name) {
  const JsonValue* value = object.find(name);
  std::int64_t number = 0;
  bool usable = value != nullptr && value->kind == JsonValue::Kind::number && value->integral;
  if (usable) {
    const char* end = value->text.data() + value->text.size();
    const auto read = std::from_chars(value->text.data(), end, number);
    usable = read.ec == std::errc{} && read.ptr == end && number >= 1;
  }
  if (!usable) return wrong(child_pointer(parent, name), "a whole number from 1 to 2^63 - 1");
  return number;
}

Result<OrderItem> parse_item(const JsonValue& value, std::string_view pointer, int exponent) {
  OrderItem item;
  auto product = required_text(value, pointer, "productId");
  if (!product) return std::move(product).error();
  item.product_id = std::move(product).value();
  const auto quantity = positive_integer(value, pointer, "quantity");
  if (!quantity) return quantity.error();
  item.quantity = *quantity;
  const auto price = amount(value, pointer, "unitPrice", exponent);
  if (!price) return price.error();
  item.unit_price_minor = *price;
  const auto product_amount = money::multiply(item.quantity, item.unit_price_minor);
  if (!product_amount) return wrong(pointer, "an amount below 2^63 minor units");
  item.amount_minor = *product_amount;
  return item;
}

// Adds the items and their sum to `created`.
Result<void> parse_items(const JsonValue& payload, int exponent, OrderCreated& created) {
  const JsonValue* items = payload.find("items");
  if (items == nullptr || items->kind != JsonValue::Kind::array || items->items.empty()) {
    return wrong("#/items", "a list of at least one item");
  }
  created.items.reserve(items->items.size());
  for (std::size_t index = 0; index < items->items.size(); ++index) {
    const std::string pointer = child_pointer("#/items", std::to_string(index));
    auto item = parse_item(items->items[index], pointer, exponent);
    if (!item) return std::move(item).error();
    const auto sum = money::add(created.total_minor, item->amount_minor);
    if (!sum) return wrong("#/items", "a sum below 2^63 minor units");
    created.total_minor = *sum;
    created.items.push_back(std::move(item).value());
  }
  return {};
}

Result<OrderCreated> parse_created(const JsonValue& payload, std::string order_id) {
  OrderCreated created;
  created.order_id = std::move(order_id);
  auto customer = optional_text(payload, "customerId");
  if (!customer) return std::move(customer).error();
  created.customer_id = std::move(customer).value();
  auto currency = required_text(payload, "#", "currency");
  if (!currency) return std::move(currency).error();
  const auto exponent = money::currency_exponent(*currency);
  if (!exponent) return wrong("#/currency", "a currency code like \"EUR\"");
  created.currency = std::move(currency).value();

  auto items = parse_items(payload, *exponent, created);
  if (!items) return std::move(items).error();
  const auto total = amount(payload, "#", "total", *exponent);
  if (!total) return total.error();
  if (*total != created.total_minor) {
    return unreadable("the payload's total is " + money::format_minor(*total, *exponent) +
                      ", but its items sum up to " +
                      money::format_minor(created.total_minor, *exponent));
  }
  return created;
}

Result<JsonValue> parse_payload(const EventRecord& record) {
  if (!record.payload) return unreadable("the record has no payload");
  auto parsed = http::parse_json(*record.payload);
  if (const auto* problem = std::get_if<http::FieldError>(&parsed)) {
    return unreadable("the payload is not JSON at " + problem->pointer + ": " + problem->detail);
  }
  auto value = std::get<JsonValue>(std::move(parsed));
  if (value.kind != JsonValue::Kind::object) return wrong("#", "an object");
  return value;
}

// The order's id as its UUID is written everywhere: it names the document.
Result<std::string> parse_order_id(const EventRecord& record, const JsonValue& payload) {
  auto text = required_text(payload, "#", "orderId");
  if (!text) return text;
  const auto id = Uuid::parse(*text);
  if (!id) return wrong("#/orderId", "a UUID");
  // Another key would be in another partition, and the order's events without order.
  if (record.key != *text) return unreadable("the record's key is not the payload's orderId");
  return id->to_string();
}

}  // namespace

std::optional<std::string_view> EventRecord::header(std::string_view name) const {
  const auto found = std::find_if(headers.rbegin(), headers.rend(),
                                  [&](const auto& entry) { return entry.first == name; });
  if (found != headers.rend()) return found->second;
  return std::nullopt;
}

Result<OrderEvent> parse_order_event(const EventRecord& record) {
  const auto id_header = record.header("id") ? record.header("id") : record.header("ce_id");
  const auto message_id = id_header ? Uuid::parse(*id_header) : std::nullopt;
  if (!message_id) return unreadable("the record has no header `id` with the message's UUID");
  const auto type = record.header("ce_type");
  if (!type) return unreadable("the record has no header `ce_type` with the event's type");
  if (type != "OrderCreated" && type != "OrderCancelled") {
    return OrderEvent{*message_id, UnknownEvent{std::string(*type)}};
  }

  auto payload = parse_payload(record);
  if (!payload) return std::move(payload).error();
  auto order_id = parse_order_id(record, *payload);
  if (!order_id) return std::move(order_id).error();
  if (type == "OrderCreated") {
    auto created = parse_created(*payload, std::move(order_id).value());
    if (!created) return std::move(created).error();
    return OrderEvent{*message_id, std::move(created).value()};
  }
  auto reason = optional_text(*payload, "reason");
  if (!reason) return std::move(reason).error();
  return OrderEvent{*message_id,
                    OrderCancelled{std::move(order_id).value(), std::move(reason).value()}};
}

}  // namespace outbox::invoices
