#include "order-service/order.hpp"

#include <string>
#include <utility>

#include "order-service/price.hpp"
#include "support/money/money.hpp"

namespace outbox::orders {
namespace {

using http::child_pointer;
using http::JsonValue;
using Kind = JsonValue::Kind;

constexpr std::size_t kMaxStatusCharacters = 32;
constexpr std::string_view kSimpleCurrency = "EUR";

// Reads members of JSON objects and collects what is wrong with them.
class Reader : public http::JsonReader {
 public:
  std::int32_t quantity(const JsonValue& value, const std::string& pointer) {
    return static_cast<std::int32_t>(integer(value, pointer, 1, kMaxQuantity));
  }

  std::int64_t price(PriceOrProblem read, const std::string& pointer) {
    if (auto* problem = std::get_if<std::string>(&read)) {
      error(std::move(*problem), pointer);
      return 0;
    }
    return std::get<std::int64_t>(read);
  }
};

PriceOrProblem read_exact_price(const JsonValue& value, const std::string& currency) {
  if (value.kind == Kind::string) return price_of_decimal(value.text, currency);
  if (value.kind == Kind::number && value.integral) return price_of_minor_units(value.text);
  return "must be a decimal string such as \"12.50\", or an integer of minor units such as 1250";
}

PriceOrProblem read_number_price(const JsonValue& value) {
  const std::string currency(kSimpleCurrency);
  if (value.kind == Kind::number) return price_of_number(value.text, currency);
  if (value.kind == Kind::string) return price_of_decimal(value.text, currency);
  return "must be a number";
}

OrderLine read_line(Reader& reader, const JsonValue& object, const std::string& at,
                    const std::string& currency) {
  OrderLine line;
  if (const auto* id = reader.required(object, at, "productId")) {
    line.product_id = reader.text(*id, child_pointer(at, "productId"), kMaxIdCharacters);
  }
  if (const auto* quantity = reader.required(object, at, "quantity")) {
    line.quantity = reader.quantity(*quantity, child_pointer(at, "quantity"));
  }
  if (const auto* price = reader.required(object, at, "price")) {
    line.unit_price_minor =
        reader.price(read_exact_price(*price, currency), child_pointer(at, "price"));
  }
  return line;
}

std::vector<OrderLine> read_items(Reader& reader, const JsonValue& items,
                                  const std::string& currency) {
  std::vector<OrderLine> lines;
  const std::string at = "#/items";
  if (items.kind != Kind::array || items.items.empty() || items.items.size() > kMaxLines) {
    reader.error("must be an array of 1 to " + std::to_string(kMaxLines) + " items", at);
    return lines;
  }
  for (std::size_t i = 0; i < items.items.size(); ++i) {
    const std::string item_at = child_pointer(at, std::to_string(i));
    const JsonValue& item = items.items[i];
    if (!reader.is_object(item, item_at)) continue;
    reader.refuse_unknown(item, item_at, {"productId", "quantity", "price"});
    lines.push_back(read_line(reader, item, item_at, currency));
  }
  return lines;
}

std::string read_currency(Reader& reader, const JsonValue& body) {
  const JsonValue* value = reader.required(body, "#", "currency");
  if (value == nullptr) return {};
  if (value->kind != Kind::string || !is_currency(value->text)) {
    reader.error("must be a currency code of ISO 4217 such as \"EUR\"", "#/currency");
    return {};
  }
  return value->text;
}

std::variant<OrderData, FieldErrors> finish(Reader& reader, OrderData order) {
  if (!reader.ok()) return reader.take();
  for (const OrderLine& line : order.lines) {
    const auto amount = money::multiply(line.unit_price_minor, line.quantity);
    const auto total = amount ? money::add(order.total_minor, *amount) : std::nullopt;
    if (!total) {
      reader.error("the order's total is too large", "#");
      return reader.take();
    }
    order.total_minor = *total;
  }
  return order;
}

std::string read_status(Reader& reader, const JsonValue* value) {
  if (value == nullptr) return std::string(kCreated);
  std::string status = reader.text(*value, "#/status", kMaxStatusCharacters);
  if (http::same_ignoring_case(status, kCancelled)) {
    reader.error("must not be CANCELLED: create the order, then cancel it", "#/status");
  }
  return status;
}

// Clients number their products, too: 7 is taken as "7".
std::string read_simple_id(Reader& reader, const JsonValue& value) {
  JsonValue id = value;
  if (id.kind == Kind::number && id.integral) id.kind = Kind::string;
  return reader.text(id, "#/productId", kMaxIdCharacters);
}

}  // namespace

std::variant<OrderData, FieldErrors> read_order(const JsonValue& body) {
  Reader reader;
  OrderData order;
  if (!reader.is_object(body, "#")) return reader.take();
  reader.refuse_unknown(body, "#",
                        {"customerId", "currency", "items", "productId", "quantity", "price"});
  order.status = kCreated;
  order.currency = read_currency(reader, body);
  const JsonValue* customer = body.find("customerId");
  if (customer != nullptr && customer->kind != Kind::null) {
    order.customer_id = reader.text(*customer, "#/customerId", kMaxIdCharacters);
  }
  if (const JsonValue* items = body.find("items")) {
    for (const std::string_view name : {"productId", "quantity", "price"}) {
      if (body.find(name) != nullptr) {
        reader.error("must not stand beside items", child_pointer("#", name));
      }
    }
    order.lines = read_items(reader, *items, order.currency);
  } else {
    order.lines.push_back(read_line(reader, body, "#", order.currency));
  }
  return finish(reader, std::move(order));
}

std::variant<OrderData, FieldErrors> read_simple_order(const JsonValue& body) {
  Reader reader;
  if (!reader.is_object(body, "#")) return reader.take();
  OrderData order;
  order.currency = kSimpleCurrency;
  OrderLine line;
  if (const auto* id = reader.required(body, "#", "productId")) {
    line.product_id = read_simple_id(reader, *id);
  }
  if (const auto* quantity = reader.required(body, "#", "quantity")) {
    line.quantity = reader.quantity(*quantity, "#/quantity");
  }
  if (const auto* price = reader.required(body, "#", "price")) {
    line.unit_price_minor = reader.price(read_number_price(*price), "#/price");
  }
  order.lines.push_back(std::move(line));
  order.status = read_status(reader, body.find("status"));
  return finish(reader, std::move(order));
}

std::variant<std::optional<std::string>, FieldErrors> read_cancellation(const JsonValue& body) {
  Reader reader;
  std::optional<std::string> reason;
  if (!reader.is_object(body, "#")) return reader.take();
  reader.refuse_unknown(body, "#", {"reason"});
  const JsonValue* value = body.find("reason");
  if (value != nullptr && value->kind != Kind::null) {
    reason = reader.text(*value, "#/reason", kMaxReasonCharacters);
  }
  if (!reader.ok()) return reader.take();
  return reason;
}

}  // namespace outbox::orders
