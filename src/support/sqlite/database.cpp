#include "support/sqlite/database.hpp"

#include <sqlite3.h>
#include <utility>

#include "support/sqlite/error.hpp"

namespace outbox::sqlite {
namespace {

constexpr const char* kSession =
    "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on";

}  // namespace

std::optional<std::string> path_of(std::string_view address) {
  constexpr std::string_view kScheme = "sqlite:";
  if (!address.starts_with(kScheme)) return std::nullopt;
  return std::string{address.substr(kScheme.size())};
}

void Database::Close::operator()(sqlite3* database) const noexcept {
  sqlite3_close_v2(database);
}

Result<Database> Database::open(const std::string& path, const OpenOptions& options) {
  const std::string what = "cannot open the SQLite database " + path;
  if (path.empty()) {
    return Error{ErrorCode::invalid_argument, "a SQLite address needs a path: sqlite:PATH"};
  }
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (options.create ? SQLITE_OPEN_CREATE : 0);
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Database database{raw};
  if (opened != SQLITE_OK) return error_of(raw, what);
  sqlite3_busy_timeout(raw, static_cast<int>(options.busy_timeout.count()));
  if (Result<void> set = database.exec(kSession); !set) {
    return Error{set.error().code, what + ": " + set.error().message};
  }
  return database;
}

Result<void> Database::exec(const std::string& sql) {
  if (sqlite3_exec(raw(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return error_of(raw(), "SQLite refused a statement");
  }
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  return Statement::prepare(raw(), sql);
}

Result<std::int64_t> Database::integer(std::string_view sql) {
  Result<Statement> statement = prepare(sql);
  if (!statement) return std::move(statement).error();
  const Result<bool> row = statement->step();
  if (!row) return row.error();
  return *row ? statement->int8(0) : 0;
}

std::int64_t Database::changes() const {
  return sqlite3_changes64(raw());
}

std::int64_t Database::last_insert_rowid() const {
  return sqlite3_last_insert_rowid(raw());
}

Result<Tx> Tx::begin(Database& database) {
  if (Result<void> begun = database.exec("begin immediate"); !begun) {
    return std::move(begun).error();
  }
  return Tx{&database};
}

Tx::Tx(Tx&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}

Tx::~Tx() {
  // Some failures have rolled back already.
  if (database_ != nullptr && sqlite3_get_autocommit(database_->raw()) == 0) {
    static_cast<void>(database_->exec("rollback"));
  }
}

Result<void> Tx::commit() {
  if (database_ == nullptr) {
    return Error{ErrorCode::invalid_argument, "the transaction has already ended"};
  }
  Result<void> committed = database_->exec("commit");
  if (committed) database_ = nullptr;
  return committed;
}

}  // namespace outbox::sqlite
