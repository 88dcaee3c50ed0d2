#include "tests/support/test_database.hpp"

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <utility>

#include "tests/support/environment.hpp"

namespace outbox::test {
namespace {

pg::Connection must_connect(const std::string& url) {
  pg::ConnectOptions options;
  options.application_name = "outbox-test";
  auto connection = pg::Connection::connect(url, options);
  if (!connection) throw std::runtime_error(connection.error().message);
  return *std::move(connection);
}

std::string unique_name() {
  static std::atomic<int> count{0};
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return "outbox_test_" + std::to_string(getpid()) + "_" + std::to_string(now.count()) + "_" +
         std::to_string(++count);
}

// The URL with another database: postgresql://user@host:port/THIS?parameters.
std::string with_database(const std::string& url, const std::string& database) {
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string::npos) {
    throw std::runtime_error(
        "OUTBOX_TEST_POSTGRES must be a URL: postgresql://user@host:port/name");
  }
  const auto parameters = std::min(url.find('?'), url.size());
  const auto path = std::min(url.find('/', scheme_end + 3), parameters);
  return url.substr(0, path) + "/" + database + url.substr(parameters);
}

}  // namespace

TestDatabase::TestDatabase(const std::string& create_options)
    : server_(must_connect(require_env("OUTBOX_TEST_POSTGRES"))),
      name_(unique_name()),
      url_(with_database(require_env("OUTBOX_TEST_POSTGRES"), name_)) {
  must_exec(server_, "create database " + name_ + " " + create_options);
}

TestDatabase::~TestDatabase() {
  // A server that a test has stopped cannot drop anything; its data goes with the stack. Who reads
  // from a replication slot takes a moment to end.
  for (int attempt = 0; attempt < 100; ++attempt) {
    if (server_.exec("drop database if exists " + name_ + " with (force)") ||
        server_.sqlstate() != "55006") {  // object_in_use
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
}

pg::Connection TestDatabase::connect() const {
  return must_connect(url_);
}

OutboxDatabase::OutboxDatabase(const MigrationOptions& options) {
  auto connection = connect();
  if (auto migrated = migrate(connection.raw(), options); !migrated) {
    throw std::runtime_error(migrated.error().message);
  }
}

pg::Rows must_exec(pg::Connection& connection, const std::string& sql) {
  auto rows = connection.exec(sql);
  if (!rows) throw std::runtime_error(rows.error().message + "\nin: " + sql);
  return *std::move(rows);
}

std::string value_of(pg::Connection& connection, const std::string& sql) {
  const pg::Rows rows = must_exec(connection, sql);
  if (rows.size() != 1) {
    throw std::runtime_error(std::to_string(rows.size()) + " rows instead of one\nin: " + sql);
  }
  return std::string{rows.text(0, 0)};
}

}  // namespace outbox::test
