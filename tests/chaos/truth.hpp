// The tables in which the writers' own transactions leave the truth, and reading them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "demo/ledger.hpp"
#include "outbox/result.hpp"
#include "support/pg/connection.hpp"
#include "tests/chaos/history.hpp"

namespace outbox::chaos {

// chaos_key: a row for each key, whose lock a writer holds while it numbers the key's messages.
// chaos_truth: a row for each message, written in the message's transaction.
[[nodiscard]] Result<void> make_truth_tables(pg::Connection& connection,
                                             const std::vector<std::string>& keys);

struct Truth {
  std::vector<CommittedMessage> messages;  // of the writers and of order-service
  std::unordered_set<MessageName, HashMessageName> given_up;
  // What invoice-service has to make of them.
  demo::Orders orders;
  demo::WrittenAt written_at;
};

// Precondition: nobody writes any more.
[[nodiscard]] Result<Truth> read_truth(pg::Connection& connection);

}  // namespace outbox::chaos
