#include "invoice-service/mongo_invoice.hpp"

#include <utility>

namespace outbox::invoices {

namespace {

using mongo::Bson;
using mongo::find_date;
using mongo::find_documents;
using mongo::find_integer;
using mongo::find_text;

Error has_effect_already(const Bson& document, std::string_view effect) {
  std::string other = "?";
  for (const Bson& entry : find_documents(document, "effects")) {
    if (find_text(entry, "effect") == effect) other = find_text(entry, "messageId").value_or("?");
  }
  return has_effect(find_text(document, "_id").value_or("?"), effect, other);
}

Bson item_document(const OrderItem& item) {
  Bson document;
  document.text("productId", item.product_id)
      .integer("quantity", item.quantity)
      .integer("unitPriceMinor", item.unit_price_minor)
      .integer("amountMinor", item.amount_minor);
  return document;
}

OrderItem item_of(const Bson& document) {
  return {std::string(find_text(document, "productId").value_or("")),
          find_integer(document, "quantity").value_or(0),
          find_integer(document, "unitPriceMinor").value_or(0),
          find_integer(document, "amountMinor").value_or(0)};
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
  document.text("status", kVoided).date("voidedAt", now_ms());
  if (event.reason) document.text("voidReason", *event.reason);
  return document;
}

Bson set(const Bson& fields) {
  Bson update;
  update.document("$set", fields);
  return update;
}

std::optional<std::string> optional_text(const Bson& document, const std::string& name) {
  const auto found = find_text(document, name);
  return found ? std::optional<std::string>(*found) : std::nullopt;
}

}  // namespace

mongo::DocumentEffect effect_of(const OrderCreated& event) {
  mongo::DocumentEffect effect;
  effect.document_id = event.order_id;
  effect.name = kCreated;
  effect.amount_minor = event.total_minor;
  effect.initial.text("status", kIssued).append(*content(event).get());
  effect.change = [event](const Bson& current) -> Result<Bson> {
    if (is_invoice(current)) return has_effect_already(current, kCreated);
    return set(content(event));
  };
  return effect;
}

mongo::DocumentEffect effect_of(const OrderCancelled& event) {
  mongo::DocumentEffect effect;
  effect.document_id = event.order_id;
  effect.name = kVoided;
  effect.initial = voiding(event);
  effect.change = [event](const Bson& current) -> Result<Bson> {
    if (find_text(current, "status") == kVoided) return has_effect_already(current, kVoided);
    return set(voiding(event));
  };
  return effect;
}

bool is_invoice(const Bson& document) {
  return find_text(document, "number").has_value();
}

Invoice invoice_of(const Bson& document) {
  Invoice invoice;
  invoice.order_id = find_text(document, "_id").value_or("");
  invoice.number = find_text(document, "number").value_or("");
  invoice.status = find_text(document, "status").value_or("");
  invoice.customer_id = optional_text(document, "customerId");
  invoice.currency = find_text(document, "currency").value_or("");
  for (const Bson& item : find_documents(document, "items"))
    invoice.items.push_back(item_of(item));
  invoice.total_minor = find_integer(document, "totalMinor").value_or(0);
  invoice.issued_at_ms = find_date(document, "issuedAt").value_or(0);
  invoice.voided_at_ms = find_date(document, "voidedAt");
  invoice.void_reason = optional_text(document, "voidReason");
  return invoice;
}

}  // namespace outbox::invoices
