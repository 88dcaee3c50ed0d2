#pragma once

#include <span>
#include <string>

#include "outbox/result.hpp"
#include "outbox/source.hpp"
#include "sources/postgres_table/sql.hpp"
#include "support/pg/connection.hpp"

namespace outbox::postgres_table {

// Of messages that were not delivered at once, those that have no row: what the log alone had of
// them goes into outbox_kept.
class KeptStore {
 public:
  // The connection is borrowed.
  explicit KeptStore(pg::Connection& connection) : connection_(&connection) {}

  [[nodiscard]] Result<void> prepare(const Tables& tables);

  // Within the transaction that stores what became of them.
  [[nodiscard]] Result<void> store(std::span<const Record> records);

 private:
  pg::Connection* connection_;
  bool payload_is_bytea_ = false;
};

}  // namespace outbox::postgres_table
