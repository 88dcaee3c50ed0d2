// Invoices: what one is, and how it is named and shown.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "invoice-service/order_event.hpp"

namespace outbox::invoices {

// The texts of an effect in the ledger, and of an invoice's status.
inline constexpr std::string_view kCreated = "created";
inline constexpr std::string_view kVoided = "voided";
inline constexpr std::string_view kIssued = "issued";

// An order has at most one. An order that is cancelled before its OrderCreated was seen leaves a
// tombstone, voided and without content, which is no invoice to anyone; the OrderCreated that comes
// later fills it in, and the invoice stays voided.
struct Invoice {
  std::string order_id;
  std::string number;
  std::string status;  // issued | voided
  std::optional<std::string> customer_id;
  std::string currency;
  std::vector<OrderItem> items;
  std::int64_t total_minor = 0;
  std::int64_t issued_at_ms = 0;  // Unix time, as the next
  std::optional<std::int64_t> voided_at_ms;
  std::optional<std::string> void_reason;
};

// "inv-" and the order's id: an invoice is found without a second key.
[[nodiscard]] std::string invoice_id(std::string_view order_id);
// The order's id of an invoice's id, when it has that form.
[[nodiscard]] std::optional<std::string> order_of_invoice(std::string_view invoice_id);

// "INV-" and the order's id in Crockford's base 32: unique, and rising with the orders' time as
// version 7 ids do. Not gapless: that would need a transaction over two invoices.
[[nodiscard]] std::string invoice_number(const std::string& order_id);

[[nodiscard]] std::string invoice_json(const Invoice& invoice);

// message_rejected: the order has this effect already, by `other`, the id of another message.
[[nodiscard]] Error has_effect(std::string_view order_id, std::string_view effect,
                               std::string_view other);

// Unix time in milliseconds.
[[nodiscard]] std::int64_t now_ms();

}  // namespace outbox::invoices
