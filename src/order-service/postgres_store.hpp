// Orders in PostgreSQL.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "order-service/store.hpp"
#include "outbox/outbox.hpp"
#include "support/pg/pool.hpp"

namespace outbox::orders {

// Any number of transactions at a time. A key is held by an advisory lock, whichever process its
// request runs in.
class PostgresOrderStore final : public OrderStore {
 public:
  // The tables exist.
  PostgresOrderStore(StoreOptions options, PayloadType payload_type);

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
  [[nodiscard]] Connections connections() const override { return {in_use_, options_.pool_size}; }

 private:
  class Session;
  [[nodiscard]] Result<Session> session(std::chrono::milliseconds timeout);
  [[nodiscard]] Result<std::optional<Creation>> earlier_answer(pg::Connection& connection,
                                                               const IdempotentRequest& request);
  Result<void> keep_answer(pg::Connection& connection, const IdempotentRequest& request,
                           const Answer& answer);

  StoreOptions options_;
  Outbox outbox_;
  std::atomic<int> in_use_{0};
  pg::Pool pool_;
};

// See open_store.
[[nodiscard]] Result<std::unique_ptr<OrderStore>> open_postgres_store(const StoreOptions& options,
                                                                      const std::stop_token& stop);

}  // namespace outbox::orders
