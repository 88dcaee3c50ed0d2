#pragma once

#include <cstdint>
#include <span>

#include "outbox/result.hpp"
#include "outbox/source.hpp"
#include "sources/postgres_table/claimed.hpp"
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

  // Within the transaction that stores what became of them, at READ COMMITTED.
  [[nodiscard]] Result<void> store(const Undelivered& left);

 private:
  [[nodiscard]] Result<void> await_visible(std::span<const std::uint64_t> xids);
  [[nodiscard]] Result<void> keep(std::span<const Record> records);

  pg::Connection* connection_;
  bool payload_is_bytea_ = false;
};

}  // namespace outbox::postgres_table
