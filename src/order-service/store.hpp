// Orders in PostgreSQL, each change in one transaction with its outbox row.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "order-service/order.hpp"
#include "outbox/outbox.hpp"
#include "outbox/result.hpp"
#include "support/pg/pool.hpp"

namespace outbox::orders {

// What was answered to a request, to answer a repetition the same.
struct Answer {
  int status = 0;
  std::string location;
  std::string body;
};

// Names a request that may be repeated.
struct IdempotentRequest {
  std::string key;
  std::string hash;  // of the request, see request_hash
};

struct Creation {
  enum class Outcome {
    created,
    replayed,   // the key was used by the same request before; `answer` is what it got
    running,    // a request with the key is under way
    key_reused  // the key was used by another request
  };
  Outcome outcome = Outcome::created;
  Answer answer;
};

struct Cancellation {
  Order order;
  bool changed = false;  // false: it was cancelled before
};

struct StoreOptions {
  std::string url;
  std::size_t pool_size = 8;
  std::chrono::milliseconds acquire_timeout{2'000};
  std::chrono::milliseconds connect_timeout{2'000};
  std::chrono::milliseconds statement_timeout{5'000};
  std::chrono::milliseconds keep_answers{std::chrono::hours{24}};
  OutboxOptions outbox;
};

// Thread-safe. The tables exist (see schema.hpp). Each call may fail with source_unavailable (the
// database is away; when that happens during a commit, whether it took effect is not known) or
// timeout (no connection was free, or a statement took too long).
struct OrderPage {
  std::vector<Order> orders;
  bool more = false;  // there are older ones
};

class OrderStore {
 public:
  explicit OrderStore(StoreOptions options);

  // Writes the order, its OrderCreated message and, under the request's key, the answer.
  [[nodiscard]] Result<Creation> create(const Order& order,
                                        const std::optional<std::string>& traceparent,
                                        const Answer& answer,
                                        const std::optional<IdempotentRequest>& request);

  // Cancels the order and writes its OrderCancelled message. Nothing: there is no such order.
  [[nodiscard]] Result<std::optional<Cancellation>> cancel(
      const Uuid& id, const std::optional<std::string>& reason, std::int64_t now_us,
      const std::optional<std::string>& traceparent);

  [[nodiscard]] Result<std::optional<Order>> find(const Uuid& id);

  // The newest orders that are older than `before` (all without it), newest first, at most `limit`:
  // fewer where they have many lines, but at least one if there is any.
  [[nodiscard]] Result<OrderPage> list(const std::optional<Uuid>& before, int limit);

  // Forgets some of the answers that are old enough; how many.
  [[nodiscard]] Result<std::int64_t> prune_answers();

  // Whether the database answers.
  [[nodiscard]] Result<void> ping(std::chrono::milliseconds timeout);

  [[nodiscard]] int connections_in_use() const { return in_use_; }
  [[nodiscard]] std::size_t pool_size() const { return options_.pool_size; }

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

}  // namespace outbox::orders
