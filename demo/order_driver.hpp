// Sends orders to order-service over HTTP, each exactly once.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "outbox/result.hpp"

namespace outbox::demo {

struct DriverOptions {
  std::string orders_url = "http://127.0.0.1:3000";
  std::int64_t orders = 0;
  int connections = 16;
  std::chrono::steady_clock::time_point deadline;
};

struct DriverReport {
  std::int64_t accepted = 0;
  std::int64_t retries = 0;
};

// A request that got no clear answer (connection refused or lost, 409, 429, 5xx, no answer in 10 s)
// is sent again, with waits from 50 ms to 1 s, under the same Idempotency-Key, so that the order
// is not written twice. `progress` is called after each accepted order.
//
// invalid_argument: the service refused an order; the message has its words. timeout: the deadline
// came first.
[[nodiscard]] Result<DriverReport> send_orders(
    const DriverOptions& options, const std::function<void(const DriverReport&)>& progress);

}  // namespace outbox::demo
