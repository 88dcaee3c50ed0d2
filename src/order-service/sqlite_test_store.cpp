#include "order-service/sqlite_test_store.hpp"

#include <filesystem>
#include <stdexcept>

#include "outbox/sqlite.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::orders::testing {
namespace {

void require(const Result<void>& done) {
  if (!done.ok()) throw std::runtime_error(done.error().message);
}

}  // namespace

SqliteTestStore::SqliteTestStore() {
  const auto migrated = sqlite::migrate(connection().raw());
  if (!migrated.ok()) throw std::runtime_error(migrated.error().message);
}

sqlite::Database& SqliteTestStore::connection() {
  if (!connection_) {
    auto opened = sqlite::Database::open(path(), {.create = true});
    if (!opened.ok()) throw std::runtime_error(opened.error().message);
    connection_.emplace(std::move(*opened));
  }
  return *connection_;
}

void SqliteTestStore::exec(const std::string& sql) {
  require(connection().exec(sql));
}

std::string SqliteTestStore::value(const std::string& query) {
  auto statement = connection().prepare(query);
  if (!statement.ok()) throw std::runtime_error(statement.error().message);
  std::string values;
  for (int rows = 0;; ++rows) {
    const auto row = statement->step();
    if (!row.ok()) throw std::runtime_error(row.error().message);
    if (!*row) return values;
    values += (rows == 0 ? "" : " ") + std::string(statement->text(0));
  }
}

// With its log, as whoever moves a database would.
void SqliteTestStore::close_database() {
  for (const std::string suffix : {"", "-wal", "-shm"}) {
    std::filesystem::rename(path() + suffix, folder_.path() / ("away" + suffix));
  }
}

void SqliteTestStore::open_database() {
  for (const std::string suffix : {"", "-wal", "-shm"}) {
    std::filesystem::rename(folder_.path() / ("away" + suffix), path() + suffix);
  }
}

// They wait for the file's write lock.
void SqliteTestStore::hold_transactions() {
  exec("begin immediate");
}

bool SqliteTestStore::holds_transactions(int /*count*/,
                                         const std::function<int()>& connections_in_use) {
  return test::eventually([&] { return connections_in_use() == 1; });
}

void SqliteTestStore::release_transactions() {
  exec("rollback");
}

void SqliteTestStore::refuse_messages(const std::string& type) {
  exec("create trigger refuse before insert on outbox when new.type = '" + type +
       "' begin select raise(abort, 'refused'); end");
}

void SqliteTestStore::age_answers(int hours) {
  exec("update order_idempotency set created_at = created_at - 3600000000 * " +
       std::to_string(hours));
}

}  // namespace outbox::orders::testing
