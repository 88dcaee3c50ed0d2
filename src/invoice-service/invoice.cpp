#include "invoice-service/invoice.hpp"

#include <chrono>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "support/money/money.hpp"
#include "support/text/rfc3339.hpp"

namespace outbox::invoices {

namespace {

constexpr std::string_view kIdPrefix = "inv-";

}  // namespace

std::string invoice_id(std::string_view order_id) {
  return std::string(kIdPrefix) + std::string(order_id);
}

std::optional<std::string> order_of_invoice(std::string_view invoice_id) {
  if (!invoice_id.starts_with(kIdPrefix)) return std::nullopt;
  const auto order = Uuid::parse(invoice_id.substr(kIdPrefix.size()));
  if (!order) return std::nullopt;
  return order->to_string();
}

std::string invoice_number(const std::string& order_id) {
  constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  constexpr int kLength = 26;  // ceil(128 / 5)
  const Uuid id = Uuid::parse(order_id).value_or(Uuid{});
  std::string number(kLength, '0');
  for (int bit = 0; bit < 128; ++bit) {
    const auto byte = static_cast<std::size_t>(bit / 8);
    const bool on = ((id.bytes[byte] >> (7 - bit % 8)) & 1) != 0;
    // The value is right-aligned in 130 bits. '\0' to '\x1f' until it is spelt out below.
    char& digit = number[static_cast<std::size_t>((bit + 2) / 5)];
    if (bit == 0 || (bit + 2) % 5 == 0) digit = '\0';
    digit = static_cast<char>(digit * 2 + (on ? 1 : 0));
  }
  for (char& digit : number)
    digit = kDigits[static_cast<std::size_t>(digit)];
  return "INV-" + number;
}

std::string invoice_json(const Invoice& invoice) {
  const int exponent = money::currency_exponent(invoice.currency).value_or(2);
  nlohmann::ordered_json json;
  json["id"] = invoice_id(invoice.order_id);
  json["number"] = invoice.number;
  json["orderId"] = invoice.order_id;
  json["customerId"] =
      invoice.customer_id ? nlohmann::ordered_json(*invoice.customer_id) : nlohmann::ordered_json();
  json["status"] = invoice.status;
  json["currency"] = invoice.currency;
  json["items"] = nlohmann::ordered_json::array();
  for (const OrderItem& item : invoice.items) {
    json["items"].push_back({{"productId", item.product_id},
                             {"quantity", item.quantity},
                             {"unitPrice", money::format_minor(item.unit_price_minor, exponent)},
                             {"amount", money::format_minor(item.amount_minor, exponent)}});
  }
  json["total"] = money::format_minor(invoice.total_minor, exponent);
  json["totalMinor"] = invoice.total_minor;
  json["issuedAt"] = text::rfc3339_millis(invoice.issued_at_ms);
  if (invoice.voided_at_ms) json["voidedAt"] = text::rfc3339_millis(*invoice.voided_at_ms);
  if (invoice.void_reason) json["voidReason"] = *invoice.void_reason;
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Error has_effect(std::string_view order_id, std::string_view effect, std::string_view other) {
  return Error{ErrorCode::message_rejected,
               fmt::format("the invoice of order {} was {} by message {}", order_id,
                           effect == kCreated ? "made" : effect, other)};
}

std::int64_t now_ms() {
  using std::chrono::milliseconds;
  return std::chrono::duration_cast<milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace outbox::invoices
