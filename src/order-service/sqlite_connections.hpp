// Connections to a SQLite file that threads share, and the statements of the order store.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "outbox/result.hpp"
#include "support/sqlite/database.hpp"

namespace outbox::orders {

enum class Sql {
  insert_order,
  insert_line,
  select_order,
  list_orders,
  cancel_order,
  select_answer,
  insert_answer,
  prune_answers
};

// A connection with its statements, made once.
class SqliteConnection {
 public:
  [[nodiscard]] static Result<std::unique_ptr<SqliteConnection>> open(
      const std::string& path, std::chrono::milliseconds busy_timeout);

  [[nodiscard]] sqlite::Database& database() { return database_; }
  [[nodiscard]] sqlite::Statement& statement(Sql sql) {
    return statements_[static_cast<std::size_t>(sql)];
  }
  // The file was moved, removed or replaced since it was opened: what is written to it would be
  // lost.
  [[nodiscard]] bool moved() const;

 private:
  explicit SqliteConnection(sqlite::Database database) : database_(std::move(database)) {}

  sqlite::Database database_;
  std::vector<sqlite::Statement> statements_;  // in the order of Sql
};

// Thread-safe. Connects when it needs to, and again when the file is another one. Must outlive its
// leases.
class SqliteConnections {
 public:
  // The right to use one connection; gives it back when it ends.
  class Lease {
   public:
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    SqliteConnection* operator->() { return connection_.get(); }
    SqliteConnection& operator*() { return *connection_; }

   private:
    friend class SqliteConnections;
    Lease(SqliteConnections* pool, std::unique_ptr<SqliteConnection> connection)
        : pool_(pool), connection_(std::move(connection)) {}

    SqliteConnections* pool_;
    std::unique_ptr<SqliteConnection> connection_;  // null: moved from
  };

  // At most `size` connections; `use` names them in messages: "writing".
  SqliteConnections(std::string path, std::string use, std::size_t size,
                    std::chrono::milliseconds busy_timeout);

  // timeout: all connections were in use all the time. source_unavailable: the file is not there.
  [[nodiscard]] Result<Lease> acquire(std::chrono::milliseconds timeout);

  [[nodiscard]] std::size_t in_use() const;
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  void give_back(std::unique_ptr<SqliteConnection> connection);

  const std::string path_;
  const std::string use_;
  const std::size_t size_;
  const std::chrono::milliseconds busy_timeout_;

  mutable std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<SqliteConnection>> idle_;
  std::size_t in_use_ = 0;
};

}  // namespace outbox::orders
