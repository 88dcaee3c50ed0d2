// A running order service on a database of its own, for tests.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "order-service/service.hpp"
#include "order-service/test_store.hpp"
#include "tests/support/http/test_client.hpp"

namespace outbox::orders::testing {

using http::testing::Client;
using http::testing::Reply;

// A service on any free port.
[[nodiscard]] Result<std::unique_ptr<Service>> start_service(const std::string& database_url,
                                                             Settings settings = {},
                                                             const std::stop_token& stop = {});

class RunningService {
 public:
  // Fails the test when it cannot start. The database's URL and the port are set here.
  explicit RunningService(StoreKind kind, const Settings& settings = {});

  [[nodiscard]] std::uint16_t port() const { return service_->port(); }
  [[nodiscard]] Service& service() { return *service_; }
  [[nodiscard]] TestStore& database() { return *database_; }
  [[nodiscard]] std::string value(const std::string& query) { return database_->value(query); }

  [[nodiscard]] Reply get(std::string_view path) const;
  // With Content-Type: application/json, and `extra` header lines.
  [[nodiscard]] Reply post(std::string_view path, std::string_view body,
                           std::string_view extra = {}) const;

  // What it says itself.
  [[nodiscard]] int connections_in_use() const;
  // See TestStore.
  [[nodiscard]] bool holds_transactions(int count);

 private:
  std::unique_ptr<TestStore> database_;
  std::unique_ptr<Service> service_;
};

inline constexpr std::string_view kOrderBody =
    R"({"productId":"p-1","quantity":2,"price":"12.50","currency":"EUR","customerId":"c-1"})";

// Nothing of a failed order is there: no order, no line, no message, no answer.
void expect_nothing(TestStore& database);

[[nodiscard]] nlohmann::json body_of(const Reply& reply);

// The pointers of a problem's errors, comma-separated.
[[nodiscard]] std::string pointers_of(const Reply& reply);

}  // namespace outbox::orders::testing
