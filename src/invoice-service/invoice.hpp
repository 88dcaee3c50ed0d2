// Invoices: what an order's events do to one, and how one is stored and shown.
//
// The document's _id is the order's id, so an order cannot have two. Its fields:
//   number, customerId, currency, items, totalMinor, issuedAt   once OrderCreated was applied
//   status      issued | voided
//   voidedAt    once OrderCancelled was applied
//   effects     the ledger, kept by the inbox
// An order that is cancelled before its OrderCreated was seen leaves a tombstone: status voided and
// no number. The OrderCreated that comes later fills it in, and the invoice stays voided.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "inbox/mongo/document_inbox.hpp"
#include "invoice-service/order_event.hpp"

namespace outbox::invoices {

inline constexpr const char* kInvoices = "invoices";          // the collection
inline constexpr const char* kRedeliveries = "redeliveries";  // how often messages came again

// What the event does to its invoice. message_rejected comes back from the effect when the order
// has that effect already by another message.
[[nodiscard]] mongo::DocumentEffect effect_of(const OrderCreated& event);
[[nodiscard]] mongo::DocumentEffect effect_of(const OrderCancelled& event);

// "inv-" and the order's id: an invoice is found without a second key.
[[nodiscard]] std::string invoice_id(std::string_view order_id);
// The order's id of an invoice's id, when it has that form.
[[nodiscard]] std::optional<std::string> order_of_invoice(std::string_view invoice_id);

// "INV-" and the order's id in Crockford's base 32: unique, and rising with the orders' time as
// version 7 ids do. Not gapless: that would need a transaction over two documents.
[[nodiscard]] std::string invoice_number(const std::string& order_id);

// False for a tombstone.
[[nodiscard]] bool is_invoice(const mongo::Bson& document);

// Precondition: is_invoice.
[[nodiscard]] std::string invoice_json(const mongo::Bson& document);

}  // namespace outbox::invoices
