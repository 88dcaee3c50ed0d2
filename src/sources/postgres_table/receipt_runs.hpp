#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "outbox/source.hpp"
#include "support/pg/params.hpp"

namespace outbox::postgres_table {

// The widest run, in seqs. Readers of receipts rely on it.
inline constexpr std::int64_t kRunSeqs = 1'000;

// Receipts as rows of the table outbox_receipt_run: one for those of a partition whose seqs lie
// between two multiples of the span. A row for each receipt cost PostgreSQL more than reading the
// messages did (docs/adr/0010). Keeps its memory from one settlement to the next. One thread.
class ReceiptRuns {
 public:
  // `span`: 1 to kRunSeqs; it divides the width of the table's partitions.
  explicit ReceiptRuns(std::int64_t span) : span_(span) {}

  // Replaces what was there.
  void build(std::span<const Receipt> receipts);

  // first_seq, last_seq, first_offset, partition, topic, seqs, offsets: arrays of one length.
  void add_to(pg::Params& params) const;

 private:
  void add_run(std::span<const Receipt> run);
  [[nodiscard]] bool same_run(const Receipt& first, const Receipt& next) const;

  std::int64_t span_;
  std::vector<Receipt> sorted_;
  std::string list_;
  pg::Array first_seqs_{pg::Type::int8};
  pg::Array last_seqs_{pg::Type::int8};
  pg::Array first_offsets_{pg::Type::int8};
  pg::Array partitions_{pg::Type::int4};
  pg::Array topics_{pg::Type::text};
  pg::Array seqs_{pg::Type::text};
  pg::Array offsets_{pg::Type::text};
};

}  // namespace outbox::postgres_table
