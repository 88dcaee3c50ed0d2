#include "core/testing/records.hpp"

#include <memory>
#include <utility>

namespace outbox {

std::uint8_t test_shard_of(std::string_view key) {
  unsigned sum = 0;
  for (const char c : key) {
    sum += static_cast<unsigned char>(c);
  }
  return static_cast<std::uint8_t>(sum * 37 % 64);
}

Batch make_batch_of(std::uint64_t number, std::vector<RowText> rows) {
  const auto storage = std::make_shared<const std::vector<RowText>>(std::move(rows));
  Batch batch;
  batch.number = number;
  for (const RowText& row : *storage) {
    Record record;
    record.seq = row.seq;
    record.key = row.key;
    record.shard = test_shard_of(row.key);
    record.aggregate_type = row.aggregate_type;
    record.payload = row.payload;
    record.headers = row.headers;
    record.due_at_us = row.due_at_us;
    record.attempts = row.attempts;
    batch.records.push_back(record);
  }
  batch.storage = storage;
  return batch;
}

Batch make_batch(std::uint64_t number, const std::vector<SeqAndKey>& rows) {
  std::vector<RowText> texts;
  texts.reserve(rows.size());
  for (const SeqAndKey& row : rows) {
    texts.push_back({row.seq, row.key});
  }
  return make_batch_of(number, std::move(texts));
}

std::string to_string(const HeldRange& range) {
  return range.key + "[" + std::to_string(range.from_seq) + "," + std::to_string(range.until_seq) +
         "]";
}

std::vector<std::string> to_strings(const std::vector<HeldRange>& ranges) {
  std::vector<std::string> texts;
  texts.reserve(ranges.size());
  for (const HeldRange& range : ranges) {
    texts.push_back(to_string(range));
  }
  return texts;
}

}  // namespace outbox
