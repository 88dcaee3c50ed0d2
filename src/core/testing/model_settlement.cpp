// How a settlement changes the model, and what it is judged by.
#include <algorithm>

#include "core/testing/outbox_model.hpp"

namespace outbox {

Result<void> OutboxModel::settle(const Fence& fence, const Settlement& settlement,
                                 std::span<const std::int64_t> passed) {
  const std::lock_guard lock{mutex_};
  if (!holds_unlocked(fence)) {
    return Error{ErrorCode::not_owner, kTakenOver};
  }
  expect(!settlement.empty(), "a settlement says something");
  apply_resolved(settlement);
  for (const HeldRange& range : settlement.held) {
    apply_held(range);
  }
  for (const FailedHead& head : settlement.failed) {
    apply_failed(head);
  }
  for (const DetachedMessage& message : settlement.detached) {
    apply_detached(message);
  }
  Unsynced undo;
  apply_delivered(settlement, undo);
  for (const std::int64_t seq : passed) {
    if (const auto row = rows_.find(seq); row != rows_.end()) {
      row->second.passed = true;
      undo.passed.push_back(seq);
    }
  }
  if (settlement.exceptional()) {
    unsynced_.clear();
  } else {
    unsynced_.push_back(std::move(undo));
  }
  check_keys(settlement, passed);
  ++settlements_;
  return {};
}

void OutboxModel::expect(bool holds, const std::string& promise) {
  if (!holds) {
    violations_.push_back("broken promise: " + promise);
  }
}

void OutboxModel::apply_resolved(const Settlement& settlement) {
  for (const std::int64_t seq : settlement.resolved) {
    const auto delivered =
        std::find_if(settlement.delivered.begin(), settlement.delivered.end(),
                     [seq](const Receipt& receipt) { return receipt.seq == seq; });
    expect(delivered != settlement.delivered.end(),
           "resolved " + std::to_string(seq) + " was delivered");
    expect(exceptions_.erase(seq) == 1, "resolved " + std::to_string(seq) + " was an exception");
  }
}

void OutboxModel::apply_held(const HeldRange& range) {
  if (range.from_seq > range.until_seq) {
    held_.erase(range.key);
  } else {
    held_.insert_or_assign(range.key, range);
  }
}

void OutboxModel::apply_failed(const FailedHead& head) {
  for (const std::int64_t seq : seqs_by_key_[head.key]) {
    const auto other = exceptions_.find(seq);
    expect(seq == head.seq || other == exceptions_.end() || !other->second.holds_key,
           "key " + head.key + " has one head, not also " + std::to_string(head.seq));
  }
  const auto known = exceptions_.find(head.seq);
  check_attempts(head.seq, head.attempts, known == exceptions_.end() ? nullptr : &known->second,
                 head.parked);
  upsert(head.seq, Exception{head.parked ? State::dead : State::retrying, true, head.attempts,
                             due_at(0, head.due_in), head.error});
}

void OutboxModel::apply_detached(const DetachedMessage& message) {
  const auto known = exceptions_.find(message.seq);
  if (message.attempts > 0 || message.dead) {
    check_attempts(message.seq, message.attempts,
                   known == exceptions_.end() ? nullptr : &known->second, message.dead);
  }
  if (const auto row = rows_.find(message.seq); row != rows_.end() && message.due_at_us != 0) {
    expect(row->second.written.due_at_us == message.due_at_us,
           "delayed " + std::to_string(message.seq) + " keeps its due time");
  }
  upsert(message.seq,
         Exception{message.dead ? State::dead : State::delayed, false, message.attempts,
                   due_at(message.due_at_us, message.due_in), message.error});
  if (const auto row = rows_.find(message.seq); row != rows_.end()) {
    row->second.apart = true;
  }
}

// `known`: what is stored of the message, null for nothing.
void OutboxModel::check_attempts(std::int64_t seq, int attempts, const Exception* known,
                                 bool dead) {
  const std::string name = std::to_string(seq);
  if (known != nullptr && (known->state == State::dead || known->state == State::discarded)) {
    return;  // an operator was faster, and nothing is stored
  }
  const int before = known != nullptr ? known->attempts : 0;
  expect(attempts == before || attempts == before + 1, "attempts of " + name + " rise by one");
  expect(!refusals_ || attempts <= refusals_(seq),
         "attempts of " + name + " count only what the message is at fault for");
  if (policy_ && attempts > 0) {
    expect(dead == policy_->gives_up(attempts),
           "message " + name + " is given up as the policy says, not " +
               (dead ? "dead" : "retried") + " after " + std::to_string(attempts) + " attempts");
  } else if (policy_) {
    expect(!dead, "message " + name + " is not given up before it has failed");
  }
}

// What an operator has decided stays so.
void OutboxModel::upsert(std::int64_t seq, Exception exception) {
  exception.updated_at_us = due_at(0, {});
  const auto [known, is_new] = exceptions_.try_emplace(seq, exception);
  if (is_new || known->second.state == State::dead || known->second.state == State::discarded) {
    return;
  }
  exception.replay = known->second.replay;
  exception.payload = known->second.payload;
  known->second = std::move(exception);
}

void OutboxModel::apply_delivered(const Settlement& settlement, Unsynced& undo) {
  for (const Receipt& receipt : settlement.delivered) {
    const std::string name = std::to_string(receipt.seq);
    const auto found = rows_.find(receipt.seq);
    if (found == rows_.end()) {
      violations_.push_back("broken promise: delivered " + name + " is a row");
      continue;
    }
    Row& row = found->second;
    // A delayed one may lie within the range that waits behind its key's head.
    expect(!exceptions_.contains(receipt.seq) && (row.apart || !is_held_unlocked(receipt.seq)),
           "delivered " + name + " is neither failed nor held");
    expect(!acknowledged_ || acknowledged_(receipt.seq), "delivered " + name + " was acknowledged");
    if (!row.receipt) {
      row.receipt = true;
      undo.receipts.push_back(receipt.seq);
    }
  }
}

bool OutboxModel::has_outcome(std::int64_t seq, const Row& row) const {
  return row.receipt || exceptions_.contains(seq) || is_held_unlocked(seq);
}

// Of the keys that the settlement concerns: nothing vanishes behind the position.
void OutboxModel::check_keys(const Settlement& settlement, std::span<const std::int64_t> passed) {
  std::set<std::string> keys;
  for (const HeldRange& range : settlement.held) {
    keys.insert(range.key);
  }
  std::vector<std::int64_t> seqs{passed.begin(), passed.end()};
  seqs.insert(seqs.end(), settlement.resolved.begin(), settlement.resolved.end());
  for (const auto& detached : settlement.detached) {
    seqs.push_back(detached.seq);
  }
  for (const std::int64_t seq : seqs) {
    if (const auto row = rows_.find(seq); row != rows_.end()) {
      keys.insert(row->second.written.key);
    }
  }
  for (const std::string& key : keys) {
    for (const std::int64_t seq : seqs_by_key_[key]) {
      const Row& row = rows_.at(seq);
      expect(!row.passed || has_outcome(seq, row),
             "row " + std::to_string(seq) + " behind the position has a receipt or an exception");
    }
  }
}

}  // namespace outbox
