// A SQLite database file.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "outbox/result.hpp"
#include "support/sqlite/statement.hpp"

namespace outbox::sqlite {

// The path in an address "sqlite:PATH"; nothing: the address is another database's.
[[nodiscard]] std::optional<std::string> path_of(std::string_view address);

struct OpenOptions {
  bool create = false;  // a file that is not there is made
  // How long a statement waits for another connection's lock before it fails with `timeout`.
  std::chrono::milliseconds busy_timeout{5'000};
};

// One connection; move-only, one thread at a time. The file is in WAL mode, so that readers and the
// one writer do not wait for each other; foreign keys are enforced; a commit is on the disk when it
// returns (synchronous = FULL).
class Database {
 public:
  [[nodiscard]] static Result<Database> open(const std::string& path, const OpenOptions& options);

  // One or several statements without parameters and without rows.
  [[nodiscard]] Result<void> exec(const std::string& sql);
  [[nodiscard]] Result<Statement> prepare(std::string_view sql);
  // The first column of the first row; 0 without a row.
  [[nodiscard]] Result<std::int64_t> integer(std::string_view sql);
  // Rows that the last statement changed.
  [[nodiscard]] std::int64_t changes() const;
  [[nodiscard]] std::int64_t last_insert_rowid() const;
  // Never null.
  [[nodiscard]] sqlite3* raw() const { return database_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* database) const noexcept;
  };
  explicit Database(sqlite3* database) : database_(database) {}

  std::unique_ptr<sqlite3, Close> database_;
};

// A transaction that writes (BEGIN IMMEDIATE: it holds the file's write lock from its start, so no
// statement in it can find the lock taken). Rolled back unless it was committed. The connection
// must outlive it.
class Tx {
 public:
  [[nodiscard]] static Result<Tx> begin(Database& database);
  Tx(Tx&& other) noexcept;
  Tx& operator=(Tx&&) = delete;
  ~Tx();

  [[nodiscard]] Result<void> commit();

 private:
  explicit Tx(Database* database) : database_(database) {}

  Database* database_;  // null: ended, or moved from
};

}  // namespace outbox::sqlite
