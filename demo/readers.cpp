#include "demo/readers.hpp"

#include "support/sqlite/database.hpp"

namespace outbox::demo {

std::unique_ptr<OrdersReader> open_orders(const AuditTargets& targets) {
  if (const auto path = sqlite::path_of(targets.orders_database)) return open_sqlite_orders(*path);
  return open_postgres_orders(targets);
}

Result<std::unique_ptr<InvoicesReader>> open_invoices(const AuditTargets& targets) {
  if (const auto path = sqlite::path_of(targets.invoices_database)) {
    return open_sqlite_invoices(*path);
  }
  return open_mongo_invoices(targets);
}

}  // namespace outbox::demo
