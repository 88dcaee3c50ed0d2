#include "sources/postgres_table/receipt_runs.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <tuple>

namespace outbox::postgres_table {
namespace {

bool before(const Receipt& a, const Receipt& b) {
  return std::tie(a.partition, a.topic, a.seq, a.offset) <
         std::tie(b.partition, b.topic, b.seq, b.offset);
}

bool fits_integer(std::int64_t value) {
  return value >= std::numeric_limits<std::int32_t>::min() &&
         value <= std::numeric_limits<std::int32_t>::max();
}

void append(std::string& list, std::int64_t value) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  list += list.empty() ? '{' : ',';
  list.append(digits.data(), end);
}

}  // namespace

void ReceiptRuns::build(std::span<const Receipt> receipts) {
  for (pg::Array* array :
       {&first_seqs_, &last_seqs_, &first_offsets_, &partitions_, &topics_, &seqs_, &offsets_}) {
    array->clear();
  }
  sorted_.assign(receipts.begin(), receipts.end());
  std::sort(sorted_.begin(), sorted_.end(), before);
  for (auto first = sorted_.begin(); first != sorted_.end();) {
    const auto end = std::find_if_not(first + 1, sorted_.end(),
                                      [&](const Receipt& next) { return same_run(*first, next); });
    add_run({first, end});
    first = end;
  }
}

bool ReceiptRuns::same_run(const Receipt& first, const Receipt& next) const {
  return next.partition == first.partition && next.seq / span_ == first.seq / span_ &&
         fits_integer(next.offset - first.offset) && next.topic == first.topic;
}

void ReceiptRuns::add_run(std::span<const Receipt> run) {
  const Receipt& first = run.front();
  first_seqs_.int8(first.seq);
  last_seqs_.int8(run.back().seq);
  first_offsets_.int8(first.offset);
  partitions_.int4(first.partition);
  topics_.bytes(first.topic);
  list_.clear();
  for (const Receipt& receipt : run) {
    append(list_, receipt.seq - first.seq);
  }
  seqs_.bytes(list_ += '}');
  list_.clear();
  for (const Receipt& receipt : run) {
    append(list_, receipt.offset - first.offset);
  }
  offsets_.bytes(list_ += '}');
}

void ReceiptRuns::add_to(pg::Params& params) const {
  params.array(first_seqs_).array(last_seqs_).array(first_offsets_).array(partitions_);
  params.array(topics_).array(seqs_).array(offsets_);
}

}  // namespace outbox::postgres_table
