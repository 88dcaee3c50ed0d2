// Invoices as documents in MongoDB.
//
// The document's _id is the order's id, so an order cannot have two. Its fields:
//   number, customerId, currency, items, totalMinor, issuedAt   once OrderCreated was applied
//   status      issued | voided
//   voidedAt    once OrderCancelled was applied
//   effects     the ledger, kept by the inbox
// A tombstone has no number.
#pragma once

#include "inbox/mongo/document_inbox.hpp"
#include "invoice-service/invoice.hpp"

namespace outbox::invoices {

inline constexpr const char* kInvoices = "invoices";          // the collection
inline constexpr const char* kRedeliveries = "redeliveries";  // how often messages came again

// What the event does to its document.
[[nodiscard]] mongo::DocumentEffect effect_of(const OrderCreated& event);
[[nodiscard]] mongo::DocumentEffect effect_of(const OrderCancelled& event);

// False for a tombstone.
[[nodiscard]] bool is_invoice(const mongo::Bson& document);

// Precondition: is_invoice.
[[nodiscard]] Invoice invoice_of(const mongo::Bson& document);

}  // namespace outbox::invoices
