// A running order service on a database of its own, for tests.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "order-service/service.hpp"
#include "tests/support/http/test_client.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::orders::testing {

using http::testing::Client;
using http::testing::Reply;

class RunningService {
 public:
  // Fails the test when it cannot start. The database's URL and the port are set here.
  explicit RunningService(Settings settings = {});

  [[nodiscard]] std::uint16_t port() const { return service_->port(); }
  [[nodiscard]] Service& service() { return *service_; }
  [[nodiscard]] const test::OutboxDatabase& database() const { return database_; }
  // A connection for looking behind the service's back.
  [[nodiscard]] pg::Connection& sql() { return sql_; }
  [[nodiscard]] std::string value(const std::string& query);

  [[nodiscard]] Reply get(std::string_view path) const;
  // With Content-Type: application/json, and `extra` header lines.
  [[nodiscard]] Reply post(std::string_view path, std::string_view body,
                           std::string_view extra = {}) const;

  // Cuts the service's connections and lets no new one in, until it is opened again.
  void close_database();
  void open_database();

  // Transactions wait before they write to the outbox, until they are released.
  void hold_transactions();
  // Whether one waits there by now (up to 10 s).
  [[nodiscard]] bool holds_a_transaction();
  void release_transactions();

 private:
  test::OutboxDatabase database_;
  pg::Connection server_;  // to another database
  pg::Connection sql_;
  std::unique_ptr<Service> service_;
};

inline constexpr std::string_view kOrderBody =
    R"({"productId":"p-1","quantity":2,"price":"12.50","currency":"EUR","customerId":"c-1"})";

[[nodiscard]] nlohmann::json body_of(const Reply& reply);

// The pointers of a problem's errors, comma-separated.
[[nodiscard]] std::string pointers_of(const Reply& reply);

}  // namespace outbox::orders::testing
