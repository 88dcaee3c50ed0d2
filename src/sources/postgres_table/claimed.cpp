#include "sources/postgres_table/claimed.hpp"

#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace outbox::postgres_table {

Undelivered undelivered(const std::vector<Claimed>& passed, const Settlement& settlement) {
  Undelivered left;
  if (!settlement.exceptional()) {
    return left;
  }
  std::unordered_set<std::int64_t> failed;
  for (const FailedHead& head : settlement.failed) {
    failed.insert(head.seq);
  }
  for (const DetachedMessage& message : settlement.detached) {
    failed.insert(message.seq);
  }
  std::unordered_map<std::string_view, const HeldRange*> held;
  for (const HeldRange& range : settlement.held) {
    held.emplace(range.key, &range);
  }
  std::unordered_set<std::int64_t> delivered;
  for (const Receipt& receipt : settlement.delivered) {
    if (!held.empty()) {
      delivered.insert(receipt.seq);
    }
  }
  const auto waits = [&](const Record& record) {
    const auto range = held.find(record.key);
    return range != held.end() && record.seq >= range->second->from_seq &&
           record.seq <= range->second->until_seq && !delivered.contains(record.seq);
  };
  for (const Claimed& batch : passed) {
    for (const Record& record : batch.records) {
      if (failed.contains(record.seq) || waits(record)) {
        left.records.push_back(record);
      }
    }
    left.xids.insert(left.xids.end(), batch.xids.begin(), batch.xids.end());
  }
  return left;
}

}  // namespace outbox::postgres_table
