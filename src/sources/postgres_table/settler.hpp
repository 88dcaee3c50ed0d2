#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "outbox/result.hpp"
#include "outbox/source.hpp"
#include "sources/postgres_table/claimed.hpp"
#include "sources/postgres_table/exception_store.hpp"
#include "sources/postgres_table/kept_store.hpp"
#include "sources/postgres_table/ownership.hpp"
#include "sources/postgres_table/position.hpp"
#include "sources/postgres_table/position_arrays.hpp"
#include "sources/postgres_table/receipt_runs.hpp"
#include "sources/postgres_table/row_reader.hpp"
#include "sources/postgres_table/sql.hpp"
#include "support/pg/connection.hpp"
#include "support/pg/params.hpp"

namespace outbox::postgres_table {

struct SettlerOptions {
  std::string dead_letter_type;  // as for ExceptionStore
  bool receipts = true;          // false: only of messages that had an exception
};

// Writes outcomes: receipts and progress in one statement that commits asynchronously (a crash of
// the database sends again); with exceptions, or where it is asked for, in one transaction that
// commits synchronously. Each carries the fence.
class Settler {
 public:
  // Stores `positions` once in the new epoch, so that nothing of an older one counts any more. The
  // connection is borrowed.
  [[nodiscard]] static Result<Settler> make(pg::Connection& connection, const Tables& tables,
                                            Fence fence,
                                            const std::vector<SharedPosition>& positions,
                                            SettlerOptions options);

  struct How {
    bool durably = false;  // also without exceptions
    // What the settlement leaves undelivered: what of it has no row is kept. Null: nothing.
    const Undelivered* left = nullptr;
    // Is to happen with it or not at all, within the same transaction.
    std::function<Result<void>()> also = {};
  };
  // `positions`: where all shards of the fence stand afterwards; nullptr: where they did.
  [[nodiscard]] Result<void> settle(const Settlement& settlement,
                                    const std::vector<SharedPosition>* positions, const How& how);
  // Of these messages, those without a row; within a transaction.
  [[nodiscard]] Result<void> keep(const Undelivered& left) { return kept_.store(left); }

  // As of ExceptionStore.
  [[nodiscard]] std::vector<SeenException> seen_of(const Settlement& settlement) const {
    return exceptions_.seen_of(settlement);
  }
  void saw(const std::vector<SeenException>& seen) { exceptions_.saw(seen); }

  [[nodiscard]] Result<Batch> claim(std::span<const HeldRange> ranges, std::size_t limit_per_range,
                                    std::size_t max_bytes) {
    return exceptions_.claim(ranges, limit_per_range, max_bytes,
                             reads_log() ? everything() : positions_);
  }
  // While nothing is due that can be sent, what is due and cannot is made dead.
  [[nodiscard]] Result<Batch> claim_due(std::size_t limit, std::size_t max_bytes);
  [[nodiscard]] Result<Exceptions> load_exceptions() { return exceptions_.load(); }

 private:
  Settler(pg::Connection& connection, Fence fence, SettlerOptions options)
      : connection_(&connection),
        fence_(std::move(fence)),
        keeps_receipts_(options.receipts),
        exceptions_(connection, fence_, std::move(options.dead_letter_type)),
        kept_(connection) {}

  [[nodiscard]] Result<void> prepare(const Tables& tables);
  // Which table is appended to, and how wide the partitions of receipts are.
  [[nodiscard]] Result<void> find_tables(const Tables& tables);
  [[nodiscard]] Result<void> store(const Settlement& settlement,
                                   const std::vector<SharedPosition>* positions);
  [[nodiscard]] bool reads_log() const { return positions_.front().at.lsn != 0; }
  [[nodiscard]] std::span<const Receipt> kept_of(const Settlement& settlement);
  // Of those positions that have moved; how many they are.
  std::int64_t add_progress(const std::vector<SharedPosition>& positions);
  [[nodiscard]] Result<void> give_up_gone(std::size_t limit);
  // What is written in the transaction that has just begun is on the disk when it commits.
  [[nodiscard]] Result<void> begin_durably();
  [[nodiscard]] Result<void> rotate();
  [[nodiscard]] Result<void> lock_fence();

  pg::Connection* connection_;
  Fence fence_;
  bool keeps_receipts_;
  ExceptionStore exceptions_;
  KeptStore kept_;
  std::vector<SharedPosition> positions_;  // the stored ones
  std::int64_t n_ = 0;                     // of the last progress row of this epoch
  int current_ = 0;                        // the progress table that is appended to, 0 or 1
  std::int64_t appended_ = 0;              // rows in it
  std::array<std::string, 2> rotate_sql_;

  // Reused from settlement to settlement.
  pg::Params params_;
  std::vector<Receipt> kept_receipts_;
  ReceiptRuns receipts_{kRunSeqs};
  PositionArrays progress_;
};

}  // namespace outbox::postgres_table
