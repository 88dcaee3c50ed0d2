#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "outbox/result.hpp"
#include "outbox/source.hpp"
#include "sources/postgres_table/ownership.hpp"
#include "sources/postgres_table/position.hpp"
#include "sources/postgres_table/seen_exceptions.hpp"
#include "sources/postgres_table/sql.hpp"
#include "support/pg/connection.hpp"

namespace outbox::postgres_table {

// The rows of outbox_exception, of the fence's shards. Whoever writes holds the fence's lock.
class ExceptionStore {
 public:
  // The connection is borrowed. Of each message that dies a copy with the aggregate type
  // `dead_letter_type` is written into the outbox; empty: none.
  ExceptionStore(pg::Connection& connection, const Fence& fence, std::string dead_letter_type)
      : connection_(&connection),
        fence_(fence),
        dead_letter_type_(std::move(dead_letter_type)),
        seen_(connection) {}

  [[nodiscard]] Result<void> prepare(const Tables& tables);

  // Of what the settlement is about, as it was claimed; and how whoever settles it in another
  // connection's place says so.
  [[nodiscard]] std::vector<SeenException> seen_of(const Settlement& settlement) const {
    return seen_.of(settlement);
  }
  void saw(const std::vector<SeenException>& seen) { seen_.saw_waiting(seen); }

  // Within a transaction. What operators have changed since it was claimed stays as they left it.
  [[nodiscard]] Result<void> store(const Settlement& settlement);

  // `positions`: the stored ones; what they have not passed is no exception.
  [[nodiscard]] Result<Batch> claim(std::span<const HeldRange> ranges, std::size_t limit_per_range,
                                    std::size_t max_bytes,
                                    std::span<const SharedPosition> positions);
  [[nodiscard]] Result<Batch> claim_due(std::size_t limit, std::size_t max_bytes);
  // Whether anything is due whose row is gone.
  [[nodiscard]] Result<bool> misses_rows();
  // Within a transaction: makes dead what it is, at most so much of it at once.
  [[nodiscard]] Result<void> give_up_gone(std::size_t limit);
  [[nodiscard]] Result<Exceptions> load();

 private:
  [[nodiscard]] Result<void> prepare_claims(const Tables& tables);
  [[nodiscard]] Result<void> store_held(std::span<const HeldRange> held);
  [[nodiscard]] Result<void> store_failed(std::span<const FailedHead> failed);
  [[nodiscard]] Result<void> store_detached(std::span<const DetachedMessage> detached);
  // `dead`: their seqs in the first column, or null.
  [[nodiscard]] Result<void> copy_dead(const pg::Rows& dead);

  pg::Connection* connection_;
  Fence fence_;
  std::string dead_letter_type_;
  std::string load_sql_;
  SeenExceptions seen_;
};

}  // namespace outbox::postgres_table
