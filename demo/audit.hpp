// Counts what became of the orders, from the databases and the topic themselves.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "outbox/result.hpp"

namespace outbox::demo {

// Where orders, messages and invoices are. URLs may hold passwords: they are never printed.
struct AuditTargets {
  std::string orders_database;  // of order-service and the outbox: PostgreSQL's or sqlite:PATH
  std::string outbox_table = "outbox";
  std::string invoices_database;  // MongoDB's or sqlite:PATH
  std::string mongo_database = "outbox";
  std::string kafka_brokers;  // empty: the messages go by HTTP, and there is no topic to count
  std::string topic = "order-events";
};

struct AuditReport {
  std::int64_t orders = 0;        // rows of the table orders
  std::int64_t cancelled = 0;     // of them
  std::int64_t outbox_rows = 0;   // messages of orders
  std::int64_t created_rows = 0;  // of them, those that tell of a new order
  std::int64_t processed = 0;     // messages with status processed
  std::int64_t records = 0;       // on the topic
  std::int64_t invoices = 0;
  // Orders without a right invoice: none, another amount or currency, not voided though cancelled.
  std::int64_t lost = 0;
  // Beyond one "created" for each order and one "voided" for each cancelled one, in the ledger of
  // effects; and "created" effects with another amount than the order's.
  std::int64_t duplicate_effects = 0;
  // Records with an id that an earlier record had. Legal: delivery is at least once.
  std::int64_t duplicate_records = 0;
  // Messages that came to invoice-service again and changed nothing, by its own count.
  std::int64_t redelivered = 0;
  // From the message's row to its effect in the ledger, by this machine's clock.
  double p50_ms = 0;
  double p99_ms = 0;
  std::int64_t last_effect_us = 0;    // Unix time; 0 without any
  std::vector<std::string> findings;  // the first 20 things that are wrong, for a person

  // Every order has exactly one right invoice and every message was processed.
  [[nodiscard]] bool clean() const {
    return lost == 0 && duplicate_effects == 0 && created_rows == orders && invoices == orders &&
           processed == outbox_rows && outbox_rows == orders + cancelled;
  }
};

// Reads everything. source_unavailable, destination_unavailable: one of the databases, or the
// topic, does not answer within 30 s.
[[nodiscard]] Result<AuditReport> audit(const AuditTargets& targets);

struct Progress {
  std::int64_t orders = 0;
  std::int64_t invoices = 0;
  std::int64_t processed = 0;
  std::int64_t unprocessed = 0;  // messages that the relay has not marked yet
};

[[nodiscard]] Result<Progress> progress(const AuditTargets& targets);

// Waits until every order has an invoice and every message is processed, also while servers are
// away. timeout: says what is missing; `report` is called after each look.
[[nodiscard]] Result<void> await_settled(const AuditTargets& targets,
                                         std::chrono::steady_clock::time_point deadline,
                                         const std::function<void(const Progress&)>& report);

}  // namespace outbox::demo
