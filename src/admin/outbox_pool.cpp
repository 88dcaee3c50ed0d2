#include "admin/outbox_pool.hpp"

#include <memory>
#include <utility>

namespace outbox::admin {
namespace {

pg::PoolOptions pool_options() {
  pg::PoolOptions options;
  options.size = OutboxPool::kConnections;
  options.connect.application_name = "outbox-admin";
  options.connect.statement_timeout = OutboxPool::kStatementTimeout;
  options.prepare = set_up_session;
  return options;
}

}  // namespace

OutboxPool::OutboxPool(std::string url, std::string table)
    : url_(std::move(url)), table_(std::move(table)), pool_(url_, pool_options()) {}

Result<PostgresOutbox> OutboxPool::take(std::string actor) {
  auto acquired = pool_.acquire(kPatience);
  if (!acquired) return std::move(acquired).error();
  auto lease = std::make_shared<pg::Pool::Lease>(*std::move(acquired));
  auto found = tables(**lease);
  if (!found) return std::move(found).error();
  pg::Connection* connection = &**lease;
  return PostgresOutbox{table_, std::move(actor),
                        std::shared_ptr<pg::Connection>{std::move(lease), connection},
                        *std::move(found)};
}

Result<PostgresOutbox> OutboxPool::open(std::string actor) const {
  return PostgresOutbox::open(url_, table_, std::move(actor));
}

Result<postgres_table::Tables> OutboxPool::tables(pg::Connection& connection) {
  {
    const std::lock_guard lock{mutex_};
    if (tables_) return *tables_;
  }
  auto found = postgres_table::Tables::find(connection, table_);
  if (!found) return found;
  const std::lock_guard lock{mutex_};
  tables_ = *found;
  return found;
}

}  // namespace outbox::admin
