#include "core/key_gate.hpp"

#include <algorithm>
#include <utility>

#include "mutants/mutant.hpp"

namespace outbox {

void SeqRange::include(SeqRange other) {
  if (other.empty()) {
    return;
  }
  if (empty()) {
    *this = other;
    return;
  }
  from = std::min(from, other.from);
  until = std::max(until, other.until);
}

void KeyGate::restore(const Exceptions& exceptions, time_point now) {
  clear();
  for (const FailedHead& head : exceptions.heads) {
    if (!head.parked || !mutant::on(mutant::Mutant::parked_key_goes_on)) {
      block(head, now);
    }
  }
  for (const HeldRange& held : exceptions.held) {
    const auto [key, is_new] = keys_.try_emplace(held.key);
    key->second.waiting = SeqRange{held.from_seq, held.until_seq};
    if (is_new) {  // its head was delivered, and the relay ended before the rest was
      key->second.shard = held.shard;
      schedule(key, now);
    }
  }
}

void KeyGate::clear() {
  due_.clear();
  keys_.clear();
}

bool KeyGate::blocks(std::string_view key, std::int64_t seq) const {
  if (keys_.empty()) {
    return false;
  }
  const auto found = keys_.find(key);
  return found != keys_.end() && !(found->second.unsettled && seq < found->second.unsettled->seq);
}

std::optional<int> KeyGate::attempts(std::string_view key) const {
  const auto found = keys_.find(key);
  return found == keys_.end() || !found->second.head ? std::nullopt
                                                     : std::optional{found->second.head->attempts};
}

void KeyGate::block_unsettled(FailedHead head) {
  BlockedKey& blocked = keys_.try_emplace(head.key).first->second;
  blocked.shard = head.shard;
  blocked.unsettled = std::move(head);
}

std::optional<FailedHead> KeyGate::settle_head(std::string_view key, std::int64_t seq,
                                               time_point now) {
  const auto found = keys_.find(key);
  if (found == keys_.end() || !found->second.unsettled || found->second.unsettled->seq != seq) {
    return std::nullopt;
  }
  std::optional<FailedHead> head = std::exchange(found->second.unsettled, std::nullopt);
  block(*head, now);
  return head;
}

void KeyGate::block(const FailedHead& head, time_point now) {
  const auto key = keys_.try_emplace(head.key).first;
  unschedule(key);
  key->second.shard = head.shard;
  key->second.head = Head{head.seq, head.attempts};
  if (head.parked) {
    end_attempt(key->second);
  } else {
    schedule(key, now + head.due_in);
  }
}

void KeyGate::wait_behind(std::string_view key, std::int64_t seq) {
  if (const auto found = keys_.find(key); found != keys_.end()) {
    BlockedKey& blocked = found->second;
    (blocked.in_attempt ? blocked.added : blocked.waiting).include(SeqRange{seq, seq});
  }
}

std::vector<HeldRange> KeyGate::begin_attempts(time_point now, std::size_t limit) {
  std::vector<HeldRange> ranges;
  while (!due_.empty() && due_.begin()->first <= now && ranges.size() < limit) {
    const auto key = keys_.find(due_.begin()->second);
    unschedule(key);
    BlockedKey& blocked = key->second;
    blocked.in_attempt = true;
    blocked.waiting.include(std::exchange(blocked.added, {}));
    const SeqRange seqs =
        blocked.head ? SeqRange{blocked.head->seq, blocked.head->seq} : blocked.waiting;
    ranges.push_back(HeldRange{key->first, blocked.shard, seqs.from, seqs.until});
  }
  return ranges;
}

KeyGate::time_point KeyGate::next_due() const {
  return due_.empty() ? time_point::max() : due_.begin()->first;
}

void KeyGate::postpone(std::string_view key, time_point due) {
  if (const auto found = keys_.find(key); found != keys_.end()) {
    schedule(found, due);
  }
}

void KeyGate::head_done(std::string_view key, time_point now) {
  if (const auto found = keys_.find(key); found != keys_.end()) {
    found->second.head.reset();
    schedule(found, now);
  }
}

void KeyGate::wake(time_point now) {
  const std::pair<time_point, std::string_view> first{time_point::max(), {}};
  for (auto last = due_.lower_bound(first); last != due_.end(); last = due_.lower_bound(first)) {
    schedule(keys_.find(last->second), now);
  }
}

void KeyGate::waiting_done_before(std::string_view key, std::int64_t next_seq, time_point due) {
  if (const auto found = keys_.find(key); found != keys_.end()) {
    found->second.waiting.from = next_seq;
    schedule(found, due);
  }
}

SeqRange KeyGate::waiting(std::string_view key) const {
  const auto found = keys_.find(key);
  if (found == keys_.end()) {
    return {};
  }
  SeqRange all = found->second.waiting;
  all.include(found->second.added);
  return all;
}

bool KeyGate::release_if_done(std::string_view key) {
  const auto found = keys_.find(key);
  if (found == keys_.end() || found->second.head || found->second.unsettled ||
      !waiting(key).empty()) {
    return false;
  }
  unschedule(found);
  keys_.erase(found);
  return true;
}

void KeyGate::end_attempt(BlockedKey& blocked) {
  blocked.in_attempt = false;
  blocked.waiting.include(std::exchange(blocked.added, {}));
}

void KeyGate::schedule(Keys::iterator key, time_point due) {
  BlockedKey& blocked = key->second;
  unschedule(key);
  end_attempt(blocked);
  blocked.due = due;
  due_.emplace(due, key->first);
}

void KeyGate::unschedule(Keys::iterator key) {
  due_.erase({key->second.due, key->first});
}

}  // namespace outbox
