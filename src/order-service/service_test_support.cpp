#include "order-service/service_test_support.hpp"

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

RunningService::RunningService(Settings settings)
    : server_(connect_to_server()), sql_(database_.connect()) {
  settings.database_url = database_.url();
  settings.http_port = 0;
  auto started = Service::start(settings, {});
  if (!started.ok()) throw std::runtime_error("cannot start: " + started.error().message);
  service_ = std::move(*started);
}

std::string RunningService::value(const std::string& query) {
  return test::value_of(sql_, query);
}

Reply RunningService::get(std::string_view path) const {
  return http::testing::request(port(), "GET", path);
}

Reply RunningService::post(std::string_view path, std::string_view body,
                           std::string_view extra) const {
  return http::testing::request(port(), "POST", path, body,
                                "Content-Type: application/json\r\n" + std::string(extra));
}

void RunningService::close_database() {
  const std::string name = pg::quote_identifier(database_.name());
  test::must_exec(server_, "alter database " + name + " allow_connections false");
  test::must_exec(sql_,
                  "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
                  "where datname = current_database() and application_name = 'order-service'");
}

void RunningService::open_database() {
  const std::string name = pg::quote_identifier(database_.name());
  test::must_exec(server_, "alter database " + name + " allow_connections true");
}

void RunningService::hold_transactions() {
  test::must_exec(sql_, R"sql(
    select pg_advisory_lock(1);
    create function wait() returns trigger language plpgsql as $$
      begin perform pg_advisory_xact_lock_shared(1); return new; end $$;
    create trigger wait before insert on outbox for each row execute function wait())sql");
}

bool RunningService::holds_a_transaction() {
  return test::eventually([&] {
    return value(
               "select count(*) from pg_stat_activity where wait_event = 'advisory' "
               "and datname = current_database()") != "0";
  });
}

void RunningService::release_transactions() {
  test::must_exec(sql_, "select pg_advisory_unlock(1)");
}

nlohmann::json body_of(const Reply& reply) {
  return nlohmann::json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
}

std::string pointers_of(const Reply& reply) {
  std::string pointers;
  const auto body = body_of(reply);
  if (!body.contains("errors")) return pointers;
  for (const auto& error : body["errors"]) {
    pointers += (pointers.empty() ? "" : ",") + error["pointer"].get<std::string>();
  }
  return pointers;
}

}  // namespace outbox::orders::testing
