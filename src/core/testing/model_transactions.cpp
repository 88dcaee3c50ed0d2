// What the model remembers of transactions whose outcome has to be learnt.
#include <algorithm>

#include "core/testing/outbox_model.hpp"

namespace outbox {
namespace {

bool is_of(std::uint64_t shards, std::uint8_t shard) {
  return ((shards >> shard) & 1U) != 0;
}

}  // namespace

Result<void> OutboxModel::enlist(const Fence& fence, const std::string& sender) {
  const std::lock_guard lock{mutex_};
  if (!holds_unlocked(fence)) {
    return Error{ErrorCode::not_owner, kTakenOver};
  }
  for (const auto& [other, intent] : intents_) {
    expect((intent.shards & fence.shards) == 0,
           "no sender is made for shards before those of earlier ones are judged");
  }
  intents_[sender] = Intent{fence.shards, 0, std::nullopt};
  unsynced_.clear();
  return {};
}

Result<PreparedTransaction> OutboxModel::prepare(const Fence& fence, const std::string& sender,
                                                 const Settlement& settlement,
                                                 std::span<const std::int64_t> passed) {
  const std::lock_guard lock{mutex_};
  if (!holds_unlocked(fence)) {
    return Error{ErrorCode::not_owner, kTakenOver};
  }
  Intent& intent = intents_.at(sender);
  expect(!intent.prepared, "a transaction is prepared when the one before is settled");
  for (const DetachedMessage& message : settlement.detached) {
    // Decided when the transaction is, so before those behind it arrive.
    if (const auto row = rows_.find(message.seq); row != rows_.end()) {
      row->second.apart = true;
    }
  }
  intent.prepared = Prepared{settlement, {passed.begin(), passed.end()}};
  unsynced_.clear();
  PreparedTransaction transaction;
  transaction.number = ++intent.number;
  return transaction;
}

Result<void> OutboxModel::resolve(const Fence& fence, const std::string& sender,
                                  const Settlement& settlement,
                                  std::span<const std::int64_t> passed) {
  if (Result<void> settled = settle(fence, settlement, passed); !settled) {
    return settled;
  }
  const std::lock_guard lock{mutex_};
  std::optional<Prepared>& prepared = intents_.at(sender).prepared;
  if (!unsynced_.empty()) {  // a crash that takes the settlement back knows of the intent again
    unsynced_.back().sender = sender;
    unsynced_.back().prepared = prepared;
  }
  prepared.reset();
  return {};
}

std::vector<std::string> OutboxModel::senders(const Fence& fence) const {
  const std::lock_guard lock{mutex_};
  std::vector<std::string> senders;
  for (const auto& [sender, intent] : intents_) {
    if ((intent.shards & fence.shards) != 0) {
      senders.push_back(sender);
    }
  }
  return senders;
}

Result<std::vector<std::string>> OutboxModel::recover(const Fence& fence,
                                                      const CommittedTransactions& committed) {
  std::vector<std::string> retired;
  for (const std::string& sender : senders(fence)) {
    Intent intent;
    {
      const std::lock_guard lock{mutex_};
      intent = intents_.at(sender);
    }
    const bool happened =
        std::any_of(committed.newest.begin(), committed.newest.end(), [&](const auto& newest) {
          return newest.sender == sender && newest.number == intent.number;
        });
    const Prepared mine = intent.prepared && happened
                              ? part_of(*intent.prepared, fence.shards & intent.shards)
                              : Prepared{};
    if (!mine.settlement.empty() || !mine.passed.empty()) {
      if (Result<void> settled = settle(fence, mine.settlement, mine.passed); !settled) {
        return std::move(settled).error();
      }
    }
    const std::lock_guard lock{mutex_};
    if (!holds_unlocked(fence)) {
      return Error{ErrorCode::not_owner, kTakenOver};
    }
    unsynced_.clear();
    intents_.at(sender).shards &= ~fence.shards;
    if (intents_.at(sender).shards == 0) {
      intents_.erase(sender);
      retired.push_back(sender);
    }
  }
  return retired;
}

OutboxModel::Prepared OutboxModel::part_of(const Prepared& whole, std::uint64_t shards) const {
  const std::lock_guard lock{mutex_};
  const auto other_seq = [&](std::int64_t seq) {
    const auto row = rows_.find(seq);
    return row == rows_.end() || !is_of(shards, test_shard_of(row->second.written.key));
  };
  const auto other = [&](const auto& outcome) { return !is_of(shards, outcome.shard); };
  Prepared part = whole;
  std::erase_if(part.passed, other_seq);
  std::erase_if(part.settlement.delivered,
                [&](const Receipt& receipt) { return other_seq(receipt.seq); });
  std::erase_if(part.settlement.resolved, other_seq);
  std::erase_if(part.settlement.failed, other);
  std::erase_if(part.settlement.detached, other);
  std::erase_if(part.settlement.held, other);
  return part;
}

}  // namespace outbox
