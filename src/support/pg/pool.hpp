// A bounded set of connections that threads share.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "outbox/result.hpp"
#include "support/pg/connection.hpp"

namespace outbox::pg {

struct PoolOptions {
  std::size_t size = 8;  // connections at most, 1 or more
  ConnectOptions connect;
  // Runs on each new connection: prepares statements, for example. Called by several threads.
  std::function<Result<void>(Connection&)> prepare;
  // A connection that lay unused for longer is asked for a sign of life before it is handed out.
  std::chrono::milliseconds check_after_idle{5'000};
};

// Thread-safe. Connects when it needs to, and replaces what broke. Must outlive its leases.
class Pool {
 public:
  // The right to use one connection; gives it back when it ends. A connection that comes back
  // broken or with a transaction open is closed.
  class Lease {
   public:
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    Connection& operator*() { return connection_; }
    Connection* operator->() { return &connection_; }

   private:
    friend class Pool;
    Lease(Pool* pool, Connection connection);

    Pool* pool_;  // null: moved from
    Connection connection_;
  };

  Pool(std::string url, PoolOptions options);

  // timeout: all connections were in use all the time. source_unavailable: cannot connect.
  [[nodiscard]] Result<Lease> acquire(std::chrono::milliseconds timeout);

 private:
  using Clock = std::chrono::steady_clock;
  struct Idle {
    Connection connection;
    Clock::time_point since;
  };

  [[nodiscard]] Result<Connection> open() const;
  [[nodiscard]] bool usable(Idle& idle) const;
  void give_back(std::optional<Connection> connection);

  const std::string url_;
  const PoolOptions options_;

  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<Idle> idle_;  // the last one was used last
  std::size_t in_use_ = 0;
};

}  // namespace outbox::pg
