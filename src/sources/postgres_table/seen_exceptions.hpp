#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "outbox/result.hpp"
#include "outbox/source.hpp"
#include "sources/postgres_table/sql.hpp"
#include "support/pg/connection.hpp"

namespace outbox::postgres_table {

// When the row of a message's exception was last changed, as it was claimed.
struct SeenException {
  std::int64_t seq = 0;
  std::int64_t changed_at_us = 0;  // Unix time in microseconds

  friend bool operator==(const SeenException&, const SeenException&) = default;
};

// Which exceptions operators have changed while an attempt on them was under way: what they have
// decided outlives its outcome. One thread.
class SeenExceptions {
 public:
  // The connection is borrowed.
  explicit SeenExceptions(pg::Connection& connection) : connection_(&connection) {}

  [[nodiscard]] Result<void> prepare(const Tables& tables);

  // What was just claimed. There is one attempt of either kind at a time, so of each the newest
  // claim is enough.
  void saw_waiting(const std::vector<SeenException>& seen);
  void saw_due(const std::vector<SeenException>& seen);
  // Of those that the settlement is about.
  [[nodiscard]] std::vector<SeenException> of(const Settlement& settlement) const;

  // Within a transaction: locks what the settlement is about, and finds out what was changed.
  [[nodiscard]] Result<void> lock(const Settlement& settlement);
  // By an operator, so that the message goes out once more, or not at all, although it has been
  // delivered now.
  [[nodiscard]] bool outlives_delivery(std::int64_t seq) const;
  // By an operator, so that this failure, the message's `attempts`th, counts no more.
  [[nodiscard]] bool outlives_failure(std::int64_t seq, int attempts) const;

 private:
  using Times = std::unordered_map<std::int64_t, std::int64_t>;
  struct Row {
    bool changed = false;
    bool sent_as_it_is = false;  // it is to be sent, with the payload that was written
    int attempts = 0;
  };

  [[nodiscard]] const std::int64_t* find(std::int64_t seq) const;

  pg::Connection* connection_;
  Times waiting_;
  Times due_;
  std::unordered_map<std::int64_t, Row> locked_;
};

}  // namespace outbox::postgres_table
