// Orders in a database, each change in one transaction with its outbox row.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "order-service/order.hpp"
#include "outbox/result.hpp"

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
  std::optional<Uuid> message_id = std::nullopt;  // of what was written, when it was created
};

struct Cancellation {
  Order order;
  bool changed = false;                           // false: it was cancelled before
  std::optional<Uuid> message_id = std::nullopt;  // of what was written, when it changed
};

struct OrderPage {
  std::vector<Order> orders;
  bool more = false;  // there are older ones
};

// Thread-safe. Each call may fail with source_unavailable (the database is away; when that happens
// during a commit, whether it took effect is not known) or timeout (no connection was free, or a
// statement took too long).
class OrderStore {
 public:
  struct Connections {
    int in_use = 0;
    std::size_t max = 0;
  };

  virtual ~OrderStore() = default;

  // Writes the order, its OrderCreated message and, under the request's key, the answer.
  [[nodiscard]] virtual Result<Creation> create(
      const Order& order, const std::optional<std::string>& traceparent, const Answer& answer,
      const std::optional<IdempotentRequest>& request) = 0;

  // Cancels the order and writes its OrderCancelled message. Nothing: there is no such order.
  [[nodiscard]] virtual Result<std::optional<Cancellation>> cancel(
      const Uuid& id, const std::optional<std::string>& reason, std::int64_t now_us,
      const std::optional<std::string>& traceparent) = 0;

  [[nodiscard]] virtual Result<std::optional<Order>> find(const Uuid& id) = 0;

  // The newest orders that are older than `before` (all without it), newest first, at most `limit`:
  // fewer where they have many lines, but at least one if there is any.
  [[nodiscard]] virtual Result<OrderPage> list(const std::optional<Uuid>& before, int limit) = 0;

  // Forgets some of the answers that are old enough; how many.
  [[nodiscard]] virtual Result<std::int64_t> prune_answers() = 0;

  // Whether the database answers.
  [[nodiscard]] virtual Result<void> ping(std::chrono::milliseconds timeout) = 0;

  [[nodiscard]] virtual Connections connections() const = 0;
};

// A page ends behind the order that reaches this many lines: an order has up to 1,000.
inline constexpr std::int64_t kMaxLinesPerPage = 5'000;
// Answers that one call of prune_answers forgets at most.
inline constexpr std::int64_t kPruneBatch = 1'000;

struct StoreOptions {
  std::string url;  // postgresql://… or sqlite:PATH
  std::size_t pool_size = 8;
  std::chrono::milliseconds acquire_timeout{2'000};
  std::chrono::milliseconds connect_timeout{2'000};    // PostgreSQL's
  std::chrono::milliseconds statement_timeout{5'000};  // SQLite: the wait for the write lock
  std::chrono::milliseconds startup_timeout{30'000};   // PostgreSQL's
  std::chrono::milliseconds keep_answers{std::chrono::hours{24}};
  std::string outbox_table = "outbox";
};

// Opens the database that the URL names (PostgreSQL: waits for it, until `stop` or the start-up
// timeout) and brings the service's tables up to date. not_found: the outbox table is missing.
// conflict: the tables are at a newer version.
[[nodiscard]] Result<std::unique_ptr<OrderStore>> open_store(const StoreOptions& options,
                                                             const std::stop_token& stop);

}  // namespace outbox::orders
