#include "invoice-service/invoice.hpp"

#include <chrono>
#include <utility>

#include <nlohmann/json.hpp>

#include "support/money/money.hpp"
#include "support/text/rfc3339.hpp"

namespace outbox::invoices {

namespace {

using mongo::Bson;
using mongo::find_date;
using mongo::find_documents;
using mongo::find_integer;
using mongo::find_text;

constexpr std::string_view kIdPrefix = "inv-";

std::int64_t now_ms() {
  using std::chrono::milliseconds;
  return std::chrono::duration_cast<milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Error has_effect(const Bson& document, const std::string& effect, std::string_view what) {
  std::string other = "another message";
  for (const Bson& entry : find_documents(document, "effects")) {
    if (find_text(entry, "effect") == effect) {
      other = "message " + std::string(find_text(entry, "messageId").value_or("?"));
    }
  }
  return Error{ErrorCode::message_rejected,
               "the invoice of order " + std::string(find_text(document, "_id").value_or("?")) +
                   " was " + std::string(what) + " by " + other};
}

Bson item_document(const OrderItem& item) {
  Bson document;
  document.text("productId", item.product_id)
      .integer("quantity", item.quantity)
      .integer("unitPriceMinor", item.unit_price_minor)
      .integer("amountMinor", item.amount_minor);
  return document;
}

// What OrderCreated contributes, whether or not a tombstone is there.
Bson content(const OrderCreated& event) {
  std::vector<Bson> items;
  for (const OrderItem& item : event.items)
    items.push_back(item_document(item));
  Bson document;
  document.text("number", invoice_number(event.order_id));
  if (event.customer_id) {
    document.text("customerId", *event.customer_id);
  } else {
    document.null("customerId");
  }
  document.text("currency", event.currency)
      .array("items", items)
      .integer("totalMinor", event.total_minor)
      .date("issuedAt", now_ms());
  return document;
}

Bson voiding(const OrderCancelled& event) {
  Bson document;
  document.text("status", "voided").date("voidedAt", now_ms());
  if (event.reason) document.text("voidReason", *event.reason);
  return document;
}

Bson set(const Bson& fields) {
  Bson update;
  update.document("$set", fields);
  return update;
}

}  // namespace

mongo::DocumentEffect effect_of(const OrderCreated& event) {
  mongo::DocumentEffect effect;
  effect.document_id = event.order_id;
  effect.name = "created";
  effect.amount_minor = event.total_minor;
  effect.initial.text("status", "issued").append(*content(event).get());
  effect.change = [event](const Bson& current) -> Result<Bson> {
    if (is_invoice(current)) return has_effect(current, "created", "made");
    return set(content(event));
  };
  return effect;
}

mongo::DocumentEffect effect_of(const OrderCancelled& event) {
  mongo::DocumentEffect effect;
  effect.document_id = event.order_id;
  effect.name = "voided";
  effect.initial = voiding(event);
  effect.change = [event](const Bson& current) -> Result<Bson> {
    if (find_text(current, "status") == "voided") return has_effect(current, "voided", "voided");
    return set(voiding(event));
  };
  return effect;
}

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

bool is_invoice(const Bson& document) {
  return find_text(document, "number").has_value();
}

std::string invoice_json(const Bson& document) {
  const std::string order_id(find_text(document, "_id").value_or(""));
  const std::string currency(find_text(document, "currency").value_or(""));
  const int exponent = money::currency_exponent(currency).value_or(2);
  const std::int64_t total = find_integer(document, "totalMinor").value_or(0);

  nlohmann::ordered_json json;
  json["id"] = invoice_id(order_id);
  json["number"] = find_text(document, "number").value_or("");
  json["orderId"] = order_id;
  const auto customer = find_text(document, "customerId");
  json["customerId"] = customer ? nlohmann::ordered_json(*customer) : nlohmann::ordered_json();
  json["status"] = find_text(document, "status").value_or("");
  json["currency"] = currency;
  json["items"] = nlohmann::ordered_json::array();
  for (const Bson& item : find_documents(document, "items")) {
    json["items"].push_back(
        {{"productId", find_text(item, "productId").value_or("")},
         {"quantity", find_integer(item, "quantity").value_or(0)},
         {"unitPrice",
          money::format_minor(find_integer(item, "unitPriceMinor").value_or(0), exponent)},
         {"amount", money::format_minor(find_integer(item, "amountMinor").value_or(0), exponent)}});
  }
  json["total"] = money::format_minor(total, exponent);
  json["totalMinor"] = total;
  json["issuedAt"] = text::rfc3339_millis(find_date(document, "issuedAt").value_or(0));
  if (const auto voided = find_date(document, "voidedAt"))
    json["voidedAt"] = text::rfc3339_millis(*voided);
  if (const auto reason = find_text(document, "voidReason")) json["voidReason"] = *reason;
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace outbox::invoices
