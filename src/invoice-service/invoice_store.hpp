// Where the invoices are, and with them what each message did.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "invoice-service/invoice.hpp"
#include "invoice-service/order_event.hpp"
#include "outbox/inbox.hpp"
#include "outbox/result.hpp"
#include "outbox/uuid.hpp"

namespace outbox::invoices {

// What a message does to its order's invoice.
using InvoiceEffect = std::variant<OrderCreated, OrderCancelled>;
using InvoiceMessage = InboxMessage<InvoiceEffect>;

// What a message did.
struct MessageFate {
  std::string order_id;
  std::string effect;  // created | voided
  std::int64_t amount_minor = 0;
  std::int64_t at_ms = 0;         // Unix time
  std::int64_t redeliveries = 0;  // how often it came again
  std::string invoice_status;
  std::optional<std::string> traceparent;  // that it came with
};

struct InvoicePage {
  std::vector<Invoice> invoices;
  bool more = false;  // further ones may follow
};

// No page gets much larger than this, whatever its limit.
inline constexpr std::size_t kMaxPageBytes = 8 * 1024 * 1024;

// Thread-safe. As an inbox it stores the message's id, what the message does to the invoice and an
// entry in a ledger of effects, which only ever grows, in one atomic write; it counts the messages
// that come again. An order has each effect once: another message for it is message_rejected.
class InvoiceStore : public Inbox<InvoiceEffect> {
 public:
  // The invoice; none for an unknown order and for a tombstone.
  [[nodiscard]] virtual Result<std::optional<Invoice>> find_by_order(
      const std::string& order_id) const = 0;
  // The invoices of orders above `after`, by order id: at most `limit`, and no further one once
  // they have kMaxPageBytes.
  [[nodiscard]] virtual Result<InvoicePage> list(const std::string& after, int limit) const = 0;
  [[nodiscard]] virtual Result<std::optional<MessageFate>> find_message(const Uuid& id) const = 0;

  [[nodiscard]] virtual Result<void> ping() const = 0;
  // How people call it: "mongo", "sqlite".
  [[nodiscard]] virtual std::string_view name() const = 0;
};

// The store of an address: mongodb://… or mongodb+srv://…, with its database there, or sqlite:PATH.
// invalid_argument: another address, or a malformed one; it may hold a password and is not quoted.
// A server that is away is no error yet; a file that cannot be opened is.
[[nodiscard]] Result<std::unique_ptr<InvoiceStore>> open_store(const std::string& address,
                                                               const std::string& mongo_database);

}  // namespace outbox::invoices
