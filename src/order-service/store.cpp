#include "order-service/store.hpp"

#include "order-service/postgres_store.hpp"
#include "order-service/sqlite_store.hpp"
#include "support/sqlite/database.hpp"

namespace outbox::orders {

Result<std::unique_ptr<OrderStore>> open_store(const StoreOptions& options,
                                               const std::stop_token& stop) {
  if (const auto path = sqlite::path_of(options.url)) return open_sqlite_store(*path, options);
  return open_postgres_store(options, stop);
}

}  // namespace outbox::orders
