#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "outbox/result.hpp"
#include "outbox/source.hpp"
#include "sources/postgres_table/position.hpp"
#include "sources/postgres_table/row_reader.hpp"
#include "sources/postgres_table/sql.hpp"
#include "support/pg/connection.hpp"

namespace outbox::postgres_table {

// Reads what became visible between two snapshots, in seq order, in pages.
//
// A range is opened with a new snapshot `to`. Its rows are those that `to` sees and `from` does
// not:
// - late: of the transactions that were in progress in `from` and have ended since;
// - new: of transactions that `from` could not know, xid >= xmax(from), with seqs in [lo, hi].
// Both are found by the indexes (xid, seq) and (seq) in time that grows with the rows that are new,
// not with those that are kept. When all pages are read, `to` becomes `from`. While ranges are
// small, each is read with its snapshot at once (a glance), in one round trip instead of two.
//
// Shards that stand at the same position are read together. Where shards were taken over from
// several relays, each group reads by itself up to one common snapshot; from then on all are one.
// Where the table is read only up to a snapshot, that is this one, and nothing is read behind it.
//
// Why nothing is lost or swapped: a transaction that ends between the two snapshots is read in this
// range, however early its seqs and however late its end. Two transactions that lock their key
// insert one after the other's end, so the later one is in a later range or has the higher seq.
class RangeReader {
 public:
  struct Page {
    Batch batch;
    std::vector<SharedPosition> after;  // what may be stored when the batch is done
    std::vector<std::uint64_t> xids{};  // of its rows, where the log was read
  };

  // Prepares the statements and pins their plans: a freshly emptied table would otherwise flip to a
  // scan of everything. The connection is borrowed.
  [[nodiscard]] static Result<RangeReader> make(pg::Connection& connection, const Tables& tables,
                                                std::vector<SharedPosition> positions,
                                                std::optional<Snapshot> until = {});

  // The next page; its batch is empty when nothing is new, or when the log is to be read instead
  // of the table.
  [[nodiscard]] Result<Page> next(const ReadLimits& limits);

  // The newest snapshot that was taken.
  [[nodiscard]] const Snapshot& newest() const { return newest_; }
  // Everything was read up to `until`.
  [[nodiscard]] bool at_end() const { return ends_ && !meeting_point_; }

 private:
  RangeReader(pg::Connection& connection, std::vector<SharedPosition> positions)
      : connection_(&connection), groups_(std::move(positions)) {}

  // What is read now: of several groups, the first that is not at the meeting point.
  [[nodiscard]] Position& position() { return groups_[current_].at; }
  [[nodiscard]] bool may_glance() const;
  [[nodiscard]] std::size_t most_in_glance() const;
  // A whole new range; nothing when it is not small.
  [[nodiscard]] Result<std::optional<Page>> glance(const ReadLimits& limits);
  // False: the table is no longer to be read.
  [[nodiscard]] Result<bool> open_range();
  [[nodiscard]] Result<std::optional<Snapshot>> take_snapshot();
  [[nodiscard]] Result<void> find_bounds();  // of the open range
  void take_bounds(const pg::Rows& rows, int column);
  [[nodiscard]] Result<Batch> read_page(const ReadLimits& limits);
  void close_range();

  // The current group has done its range.
  void next_group();

  pg::Connection* connection_;
  std::vector<SharedPosition> groups_;
  std::size_t current_ = 0;
  std::optional<Snapshot> meeting_point_;  // of several groups, or where reading ends
  bool ends_ = false;
  Snapshot newest_;
  // A glance passes all rows from the oldest transaction on that `from` may not see. They are few
  // where that one is not before this xid.
  static constexpr std::uint64_t kNever = UINT64_MAX;
  std::uint64_t glances_begin_ = kNever;
  // Of the open range:
  std::int64_t lo_ = 1;
  std::int64_t hi_ = 0;
  std::string late_;  // xids with rows, as an array literal; empty: none
  bool bounds_known_ = false;
  std::size_t page_rows_ = SIZE_MAX;  // as many as the last page's bytes let expect
};

}  // namespace outbox::postgres_table
