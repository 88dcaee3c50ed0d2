#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "outbox/result.hpp"
#include "outbox/source.hpp"
#include "outbox/transaction.hpp"
#include "sources/postgres_table/ownership.hpp"
#include "sources/postgres_table/position.hpp"
#include "sources/postgres_table/seen_exceptions.hpp"
#include "sources/postgres_table/sql.hpp"
#include "support/pg/connection.hpp"

namespace outbox::postgres_table {

// A sender of a former connection whose last transaction concerns shards of the fence.
struct Intent {
  std::string sender;
  std::int64_t since = 0;
  std::int64_t n = 0;
  std::string settlement;    // JSON; empty: there is nothing to decide
  std::uint64_t shards = 0;  // of the fence, those for which nobody has decided yet
};

// The rows of outbox_intent: what transactions of the sink shall settle.
class IntentStore {
 public:
  // The connection is borrowed.
  IntentStore(pg::Connection& connection, const Fence& fence)
      : connection_(&connection), fence_(fence) {}

  [[nodiscard]] Result<void> prepare_statements(const Tables& tables);

  // The outbox's own name among all that a destination may know.
  [[nodiscard]] Result<std::string> origin();

  // A row for a new sender.
  [[nodiscard]] Result<void> enlist(const TransactionSender& sender);
  // What the sender's next transaction settles, durably, together with `also`. Without `retired`.
  [[nodiscard]] Result<PreparedTransaction> store(const Settlement& settlement,
                                                  const std::vector<SharedPosition>* positions,
                                                  const std::vector<SeenException>& seen,
                                                  const std::function<Result<void>()>& also);
  // Within a transaction that settles it.
  [[nodiscard]] Result<void> done();

  // Of earlier owners of the fence's shards. not_owner: there is a later one.
  [[nodiscard]] Result<std::vector<Intent>> load();
  // wrong_history: the destination has committed what this database knows nothing of.
  [[nodiscard]] Result<void> check_history(const CommittedTransactions& committed,
                                           const std::vector<Intent>& intents);
  // Within a transaction: the fence's shards are settled of all of them. Returns the senders of
  // which no shard is left.
  [[nodiscard]] Result<std::vector<std::string>> forget();
  // Of these exceptions, those of these shards.
  [[nodiscard]] Result<std::vector<std::int64_t>> only_of(std::uint64_t shards,
                                                          const std::vector<std::int64_t>& seqs);

 private:
  [[nodiscard]] Result<bool> holds();

  pg::Connection* connection_;
  Fence fence_;
  std::string sender_;
};

}  // namespace outbox::postgres_table
