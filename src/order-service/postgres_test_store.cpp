#include "order-service/postgres_test_store.hpp"

#include <stdexcept>

#include "tests/support/environment.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::orders::testing {
namespace {

pg::Connection connect_to_server() {
  auto connection = pg::Connection::connect(test::require_env("OUTBOX_TEST_POSTGRES"));
  if (!connection.ok()) throw std::runtime_error(connection.error().message);
  return std::move(*connection);
}

}  // namespace

PostgresTestStore::PostgresTestStore() : server_(connect_to_server()), sql_(database_.connect()) {}

void PostgresTestStore::exec(const std::string& sql) {
  test::must_exec(sql_, sql);
}

std::string PostgresTestStore::value(const std::string& query) {
  const auto rows = test::must_exec(sql_, query);
  std::string values;
  for (int row = 0; row < rows.size(); ++row) {
    values += (row == 0 ? "" : " ") + std::string(rows.text(row, 0));
  }
  return values;
}

void PostgresTestStore::close_database() {
  const std::string name = pg::quote_identifier(database_.name());
  test::must_exec(server_, "alter database " + name + " allow_connections false");
  exec(
      "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
      "where datname = current_database() and application_name = 'order-service'");
}

void PostgresTestStore::open_database() {
  const std::string name = pg::quote_identifier(database_.name());
  test::must_exec(server_, "alter database " + name + " allow_connections true");
}

// They wait for a lock before they write to the outbox.
void PostgresTestStore::hold_transactions() {
  exec(R"sql(
    select pg_advisory_lock(1);
    create function wait() returns trigger language plpgsql as $$
      begin perform pg_advisory_xact_lock_shared(1); return new; end $$;
    create trigger wait before insert on outbox for each row execute function wait())sql");
}

bool PostgresTestStore::holds_transactions(int count, const std::function<int()>& /*unused*/) {
  return test::eventually([&] {
    return value(
               "select count(*) from pg_stat_activity where wait_event_type = 'Lock' "
               "and datname = current_database()") == std::to_string(count);
  });
}

void PostgresTestStore::release_transactions() {
  exec("select pg_advisory_unlock(1)");
}

void PostgresTestStore::refuse_messages(const std::string& type) {
  exec("alter table outbox add check (type <> '" + type + "')");
}

void PostgresTestStore::age_answers(int hours) {
  exec("update order_idempotency set created_at = created_at - interval '" + std::to_string(hours) +
       " hours'");
}

}  // namespace outbox::orders::testing
