// What the audit compares: orders as they were written against invoices as they were made.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "demo/audit.hpp"

namespace outbox::demo {

struct OrderFacts {
  std::int64_t total_minor = 0;
  std::string currency;
  bool cancelled = false;
};

struct EffectFacts {
  std::string message_id;
  std::string name;  // created | voided
  std::int64_t amount_minor = 0;
  std::int64_t at_ms = 0;
};

struct InvoiceFacts {
  std::string order_id;
  bool is_invoice = false;  // false: the tombstone of an order that was cancelled first
  std::int64_t total_minor = 0;
  std::string currency;
  bool voided = false;
  std::vector<EffectFacts> effects;
};

using Orders = std::unordered_map<std::string, OrderFacts>;
// Of message id: when its row was written, Unix microseconds.
using WrittenAt = std::unordered_map<std::string, std::int64_t>;

// Fills in what follows from the three: invoices, lost, duplicate_effects, the latencies and the
// findings. Several documents of one order count as effects of that order.
void compare(const Orders& orders, const std::vector<InvoiceFacts>& invoices,
             const WrittenAt& written_at, AuditReport& report);

}  // namespace outbox::demo
