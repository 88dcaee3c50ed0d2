// The daemon's way to its outbox: a few connections that its requests share.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>

#include "admin/postgres_outbox.hpp"
#include "outbox/result.hpp"
#include "sources/postgres_table/sql.hpp"
#include "support/pg/pool.hpp"

namespace outbox::admin {

// Thread-safe. Connects when it needs to; a connection that broke is thrown away. Must outlive what
// was taken from it.
class OutboxPool {
 public:
  static constexpr std::size_t kConnections = 4;
  // How long a request waits for one of them.
  static constexpr std::chrono::seconds kPatience{2};
  // A request's statement may take so long; the server ends it then, with ErrorCode::timeout.
  static constexpr std::chrono::seconds kStatementTimeout{5};

  OutboxPool(std::string url, std::string table);

  // The outbox on a connection that goes back to the pool with it. `actor`: who is to be named in
  // the audit. timeout: all were in use. source_unavailable: the database is away. not_found: the
  // outbox's table is not there.
  [[nodiscard]] Result<PostgresOutbox> take(std::string actor);

  // On a connection of its own, whose statements may take admin::kStatementTimeout: for work that
  // is not done within a request.
  [[nodiscard]] Result<PostgresOutbox> open(std::string actor) const;

  [[nodiscard]] const std::string& table() const { return table_; }

 private:
  [[nodiscard]] Result<postgres_table::Tables> tables(pg::Connection& connection);

  const std::string url_;
  const std::string table_;
  pg::Pool pool_;
  std::mutex mutex_;
  std::optional<postgres_table::Tables> tables_;  // as they were found
};

}  // namespace outbox::admin
