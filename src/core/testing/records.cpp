#include "core/testing/records.hpp"

#include <memory>
#include <utility>

namespace outbox {

Batch make_batch(std::uint64_t number, std::vector<SeqAndKey> rows) {
  const auto storage = std::make_shared<const std::vector<SeqAndKey>>(std::move(rows));
  Batch batch;
  batch.number = number;
  for (const SeqAndKey& row : *storage) {
    Record record;
    record.seq = row.seq;
    record.key = row.key;
    record.shard = static_cast<std::uint8_t>(row.key.size());
    batch.records.push_back(record);
  }
  batch.storage = storage;
  return batch;
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
