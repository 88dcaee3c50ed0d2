#include "core/testing/fake_source.hpp"

#include <algorithm>
#include <utility>

namespace outbox {

void FakeSource::set_fault(Fault fault) {
  const std::lock_guard lock{mutex_};
  fault_ = std::move(fault);
}

std::int64_t FakeSource::begin(const std::string& key) {
  const std::lock_guard lock{mutex_};
  rows_[next_seq_].key = key;
  return next_seq_++;
}

void FakeSource::commit(std::int64_t seq) {
  {
    const std::lock_guard lock{mutex_};
    rows_.at(seq).visible = true;
    unread_.insert(seq);
  }
  committed_.notify_all();
}

std::int64_t FakeSource::append(const std::string& key) {
  const std::int64_t seq = begin(key);
  commit(seq);
  return seq;
}

void FakeSource::remove(std::int64_t seq) {
  const std::lock_guard lock{mutex_};
  rows_.erase(seq);
  unread_.erase(seq);
  unsynced_.clear();
}

void FakeSource::limit_exception_records(std::size_t limit) {
  const std::lock_guard lock{mutex_};
  exception_records_ = limit;
}

void FakeSource::set_acknowledged(std::function<bool(std::int64_t)> acknowledged) {
  const std::lock_guard lock{mutex_};
  acknowledged_ = std::move(acknowledged);
}

std::size_t FakeSource::lose_newest_settlements(std::size_t count) {
  const std::lock_guard lock{mutex_};
  std::size_t lost = 0;
  for (; lost < count && !unsynced_.empty(); ++lost) {
    for (const std::int64_t seq : unsynced_.back().passed) {
      rows_.at(seq).passed = false;
    }
    for (const std::int64_t seq : unsynced_.back().receipts) {
      rows_.at(seq).receipt = false;
    }
    unsynced_.pop_back();
  }
  return lost;
}

std::vector<std::string> FakeSource::violations() const {
  const std::lock_guard lock{mutex_};
  return violations_;
}

std::vector<std::int64_t> FakeSource::receipts() const {
  const std::lock_guard lock{mutex_};
  std::vector<std::int64_t> seqs;
  for (const auto& [seq, row] : rows_) {
    if (row.receipt) {
      seqs.push_back(seq);
    }
  }
  return seqs;
}

std::size_t FakeSource::receipt_count() const {
  return receipts().size();
}

Exceptions FakeSource::exceptions() const {
  const std::lock_guard lock{mutex_};
  return all_exceptions();
}

std::size_t FakeSource::unsettled_records() const {
  const std::lock_guard lock{mutex_};
  std::size_t records = 0;
  for (const auto& [number, seqs] : batches_) {
    records += seqs.size();
  }
  return records;
}

std::size_t FakeSource::unsettled_batches() const {
  const std::lock_guard lock{mutex_};
  return static_cast<std::size_t>(std::count_if(
      batches_.begin(), batches_.end(), [](const auto& batch) { return !batch.second.empty(); }));
}

std::size_t FakeSource::connects() const {
  const std::lock_guard lock{mutex_};
  return connects_;
}

std::size_t FakeSource::settlements() const {
  const std::lock_guard lock{mutex_};
  return settlements_;
}

bool FakeSource::connected() const {
  const std::lock_guard lock{mutex_};
  return connected_;
}

Result<Exceptions> FakeSource::connect() {
  const std::lock_guard lock{mutex_};
  if (std::optional<Error> error = fault(Call::connect)) {
    return *std::move(error);
  }
  expect(!connected_, "connect comes after close");
  connected_ = true;
  ++connects_;
  last_number_ = 0;
  batches_.clear();
  snapshot_.clear();
  unread_.clear();
  for (const auto& [seq, row] : rows_) {
    if (row.visible && !row.passed) {
      unread_.insert(seq);
    }
  }
  return all_exceptions();
}

void FakeSource::close() {
  const std::lock_guard lock{mutex_};
  connected_ = false;
}

void FakeSource::leave() {}

Result<Batch> FakeSource::claim(std::size_t limit) {
  const std::lock_guard lock{mutex_};
  if (std::optional<Error> error = fault(Call::claim)) {
    return *std::move(error);
  }
  expect(connected_, "claim comes between connect and close");
  if (snapshot_.empty()) {
    snapshot_.assign(unread_.rbegin(), unread_.rend());
    unread_.clear();
  }
  std::vector<SeqAndKey> rows;
  for (; rows.size() < limit && !snapshot_.empty(); snapshot_.pop_back()) {
    if (const auto row = rows_.find(snapshot_.back()); row != rows_.end()) {
      rows.push_back({row->first, row->second.key});
    }
  }
  std::vector<std::int64_t>& seqs = batches_[++last_number_];
  for (const SeqAndKey& row : rows) {
    seqs.push_back(row.seq);
  }
  return make_batch(last_number_, std::move(rows));
}

Result<void> FakeSource::await_work(std::chrono::milliseconds timeout,
                                    const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  committed_.wait_for(lock, stop, timeout,
                      [this] { return !unread_.empty() || !snapshot_.empty(); });
  if (std::optional<Error> error = fault(Call::await_work)) {
    return *std::move(error);
  }
  return {};
}

Result<Batch> FakeSource::claim_exceptions(std::span<const HeldRange> ranges,
                                           std::size_t limit_per_range) {
  const std::lock_guard lock{mutex_};
  if (std::optional<Error> error = fault(Call::claim_exceptions)) {
    return *std::move(error);
  }
  std::vector<SeqAndKey> found;
  bool truncated = false;
  for (const HeldRange& range : ranges) {
    expect(is_exception(range), "an earlier settlement left " + to_string(range));
    std::size_t of_range = 0;
    for (auto row = rows_.lower_bound(range.from_seq);
         row != rows_.end() && row->first <= range.until_seq && of_range < limit_per_range; ++row) {
      if (row->second.key != range.key || !row->second.passed) {
        continue;
      }
      if (found.size() == exception_records_) {
        truncated = true;
        break;
      }
      found.push_back({row->first, row->second.key});
      ++of_range;
    }
  }
  Batch batch = make_batch(0, std::move(found));
  batch.truncated = truncated;
  return batch;
}

Result<Batch> FakeSource::claim_due(std::size_t /*limit*/) {
  return Batch{};
}

Standing FakeSource::standing() const {
  return Standing::owner;
}

Result<void> FakeSource::settle(const Settlement& settlement) {
  const std::lock_guard lock{mutex_};
  if (std::optional<Error> error = fault(Call::settle)) {
    return *std::move(error);
  }
  expect(connected_, "settle comes between connect and close");
  expect(!settlement.empty(), "a settlement says something");
  Unsynced undo;
  apply_exceptions(settlement);
  apply_delivered(settlement, undo);
  apply_through(settlement.through, undo);
  if (settlement.failed.empty() && settlement.resolved.empty() && settlement.held.empty()) {
    unsynced_.push_back(std::move(undo));
  } else {
    unsynced_.clear();
  }
  check_rows();
  ++settlements_;
  if (std::optional<Error> error = fault(Call::settled)) {
    return *std::move(error);
  }
  return {};
}

std::optional<Error> FakeSource::fault(Call call) {
  return fault_ ? fault_(call) : std::nullopt;
}

Exceptions FakeSource::all_exceptions() const {
  Exceptions exceptions;
  for (const auto& [name, key] : keys_) {
    if (key.head) {
      exceptions.heads.push_back(*key.head);
    }
    if (key.held) {
      exceptions.held.push_back(*key.held);
    }
  }
  return exceptions;
}

bool FakeSource::is_exception(const HeldRange& range) const {
  const auto found = keys_.find(range.key);
  if (found == keys_.end()) {
    return false;
  }
  const KeyState& key = found->second;
  if (key.head) {
    return key.head->seq == range.from_seq && range.from_seq == range.until_seq;
  }
  return key.held && key.held->from_seq <= range.from_seq && range.until_seq <= key.held->until_seq;
}

bool FakeSource::has_outcome(std::int64_t seq, const Row& row) const {
  if (row.receipt) {
    return true;
  }
  const auto found = keys_.find(row.key);
  if (found == keys_.end()) {
    return false;
  }
  const KeyState& key = found->second;
  return (key.head && key.head->seq == seq) ||
         (key.held && key.held->from_seq <= seq && seq <= key.held->until_seq);
}

void FakeSource::expect(bool holds, const std::string& promise) {
  if (!holds) {
    violations_.push_back("broken promise: " + promise);
  }
}

void FakeSource::apply_exceptions(const Settlement& settlement) {
  for (const std::int64_t seq : settlement.resolved) {
    const auto found = std::find_if(keys_.begin(), keys_.end(), [seq](const auto& key) {
      return key.second.head && key.second.head->seq == seq;
    });
    expect(found != keys_.end(), "resolved " + std::to_string(seq) + " was a head");
    if (found != keys_.end()) {
      found->second.head.reset();
    }
  }
  for (const FailedHead& head : settlement.failed) {
    std::optional<FailedHead>& known = keys_[head.key].head;
    expect(!known || known->seq == head.seq,
           "key " + head.key + " has one head, not also " + std::to_string(head.seq));
    expect(head.attempts == (known ? known->attempts : 0) + 1,
           "attempts of " + std::to_string(head.seq) + " rise by one");
    known = head;
  }
  for (const HeldRange& range : settlement.held) {
    std::optional<HeldRange>& known = keys_[range.key].held;
    known = range.from_seq > range.until_seq ? std::nullopt : std::optional{range};
  }
}

void FakeSource::apply_delivered(const Settlement& settlement, Unsynced& undo) {
  for (const Receipt& receipt : settlement.delivered) {
    const auto found = rows_.find(receipt.seq);
    if (found == rows_.end()) {
      violations_.push_back("delivered " + std::to_string(receipt.seq) + ", which is no row");
      continue;
    }
    Row& row = found->second;
    row.receipt = false;
    expect(!has_outcome(receipt.seq, row),
           "delivered " + std::to_string(receipt.seq) + " is neither failed nor held");
    expect(!acknowledged_ || acknowledged_(receipt.seq),
           "delivered " + std::to_string(receipt.seq) + " was acknowledged");
    row.receipt = true;
    undo.receipts.push_back(receipt.seq);
  }
}

void FakeSource::apply_through(std::uint64_t through, Unsynced& undo) {
  expect(through <= last_number_, "through " + std::to_string(through) + " was claimed");
  while (!batches_.empty() && batches_.begin()->first <= through) {
    for (const std::int64_t seq : batches_.begin()->second) {
      if (const auto row = rows_.find(seq); row != rows_.end()) {
        row->second.passed = true;
        undo.passed.push_back(seq);
      }
    }
    batches_.erase(batches_.begin());
  }
}

void FakeSource::check_rows() {
  for (const auto& [seq, row] : rows_) {
    expect(!row.passed || has_outcome(seq, row),
           "row " + std::to_string(seq) + " behind the position has a receipt or an exception");
  }
}

}  // namespace outbox
