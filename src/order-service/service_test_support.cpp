#include "order-service/service_test_support.hpp"

#include <stdexcept>
#include <utility>

#include "order-service/postgres_test_store.hpp"
#include "order-service/sqlite_test_store.hpp"

namespace outbox::orders::testing {

std::unique_ptr<TestStore> TestStore::make(StoreKind kind) {
  if (kind == StoreKind::postgres) return std::make_unique<PostgresTestStore>();
  return std::make_unique<SqliteTestStore>();
}

Result<std::unique_ptr<Service>> start_service(const std::string& database_url, Settings settings,
                                               const std::stop_token& stop) {
  settings.database_url = database_url;
  settings.http_port = 0;
  return Service::start(settings, stop);
}

RunningService::RunningService(StoreKind kind, const Settings& settings)
    : database_(TestStore::make(kind)) {
  auto started = start_service(database_->url(), settings);
  if (!started.ok()) throw std::runtime_error("cannot start: " + started.error().message);
  service_ = std::move(*started);
}

Reply RunningService::get(std::string_view path) const {
  return http::testing::request(port(), "GET", path);
}

Reply RunningService::post(std::string_view path, std::string_view body,
                           std::string_view extra) const {
  return http::testing::request(port(), "POST", path, body,
                                "Content-Type: application/json\r\n" + std::string(extra));
}

int RunningService::connections_in_use() const {
  constexpr std::string_view kName = "\ndatabase_connections_in_use ";
  const std::string metrics = get("/metrics").body;
  const std::size_t found = metrics.find(kName);
  if (found == std::string::npos) throw std::runtime_error("no such metric in:\n" + metrics);
  return std::stoi(metrics.substr(found + kName.size()));
}

bool RunningService::holds_transactions(int count) {
  return database_->holds_transactions(count, [this] { return connections_in_use(); });
}

void expect_nothing(TestStore& database) {
  for (const std::string table : {"orders", "order_lines", "outbox", "order_idempotency"}) {
    EXPECT_EQ(database.value("select count(*) from " + table), "0") << table;
  }
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
