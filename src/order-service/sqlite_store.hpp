// Orders in a SQLite file.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>

#include "order-service/sqlite_connections.hpp"
#include "order-service/store.hpp"
#include "outbox/sqlite.hpp"

namespace outbox::orders {

// One transaction writes at a time, and others wait for it; reading waits for nobody. A key is held
// in this process: where several serve one file, a request whose twin runs in another one waits for
// the twin and gets its answer.
class SqliteOrderStore final : public OrderStore {
 public:
  // The tables exist.
  SqliteOrderStore(const std::string& path, StoreOptions options);

  [[nodiscard]] Result<Creation> create(const Order& order,
                                        const std::optional<std::string>& traceparent,
                                        const Answer& answer,
                                        const std::optional<IdempotentRequest>& request) override;
  [[nodiscard]] Result<std::optional<Cancellation>> cancel(
      const Uuid& id, const std::optional<std::string>& reason, std::int64_t now_us,
      const std::optional<std::string>& traceparent) override;
  [[nodiscard]] Result<std::optional<Order>> find(const Uuid& id) override;
  [[nodiscard]] Result<OrderPage> list(const std::optional<Uuid>& before, int limit) override;
  [[nodiscard]] Result<std::int64_t> prune_answers() override;
  [[nodiscard]] Result<void> ping(std::chrono::milliseconds timeout) override;
  [[nodiscard]] Connections connections() const override;

 private:
  class RunningKey;
  [[nodiscard]] Result<Creation> create_in_turn(const Order& order,
                                                const std::optional<std::string>& traceparent,
                                                const Answer& answer,
                                                const std::optional<IdempotentRequest>& request);
  // Answers that were given before it are forgotten. Unix time in microseconds.
  [[nodiscard]] std::int64_t forget_before_us() const;

  const StoreOptions options_;
  const sqlite::Outbox outbox_;
  SqliteConnections writer_;
  SqliteConnections readers_;

  std::mutex keys_mutex_;
  std::unordered_set<std::string> running_keys_;
};

// See open_store.
[[nodiscard]] Result<std::unique_ptr<OrderStore>> open_sqlite_store(const std::string& path,
                                                                    const StoreOptions& options);

}  // namespace outbox::orders
