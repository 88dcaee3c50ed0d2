// Where the audit reads from, whichever databases the services use. Nothing is written.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "demo/ledger.hpp"
#include "outbox/result.hpp"

namespace outbox::demo {

inline constexpr std::chrono::milliseconds kPatience{30'000};

// The orders and their messages, as order-service and the relay left them.
struct WrittenOrders {
  Orders orders;
  WrittenAt written_at;           // of each message
  std::int64_t created_rows = 0;  // messages of a new order
  std::int64_t processed = 0;     // messages with status processed
};

struct OrderCounts {
  std::int64_t orders = 0;
  std::int64_t processed = 0;
  std::int64_t unprocessed = 0;
};

class OrdersReader {
 public:
  virtual ~OrdersReader() = default;
  [[nodiscard]] virtual Result<WrittenOrders> read() = 0;
  [[nodiscard]] virtual Result<OrderCounts> count() = 0;
};

class InvoicesReader {
 public:
  virtual ~InvoicesReader() = default;
  [[nodiscard]] virtual Result<std::vector<InvoiceFacts>> read() = 0;
  [[nodiscard]] virtual Result<std::int64_t> count() = 0;
  // How often messages came again and changed nothing.
  [[nodiscard]] virtual Result<std::int64_t> redelivered() = 0;
};

// Chosen by the targets' addresses. They connect with each call, so that a server may come and go.
[[nodiscard]] std::unique_ptr<OrdersReader> open_orders(const AuditTargets& targets);
[[nodiscard]] Result<std::unique_ptr<InvoicesReader>> open_invoices(const AuditTargets& targets);

// What they choose from.
[[nodiscard]] std::unique_ptr<OrdersReader> open_postgres_orders(const AuditTargets& targets);
[[nodiscard]] std::unique_ptr<OrdersReader> open_sqlite_orders(const std::string& path);
[[nodiscard]] Result<std::unique_ptr<InvoicesReader>> open_mongo_invoices(
    const AuditTargets& targets);
[[nodiscard]] std::unique_ptr<InvoicesReader> open_sqlite_invoices(const std::string& path);

}  // namespace outbox::demo
