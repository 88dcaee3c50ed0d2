#include "core/testing/outbox_model.hpp"

#include <algorithm>
#include <chrono>

namespace outbox {
namespace {

std::int64_t system_now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

bool contains(std::uint64_t shards, const std::string& key) {
  return ((shards >> test_shard_of(key)) & 1U) != 0;
}

}  // namespace

std::int64_t OutboxModel::begin(NewRow row) {
  const std::lock_guard lock{mutex_};
  const std::int64_t seq = next_seq_++;
  seqs_by_key_[row.key].push_back(seq);
  Row& written = rows_[seq];
  written.apart = row.due_at_us != 0;
  written.written = std::move(row);
  return seq;
}

void OutboxModel::commit(std::int64_t seq) {
  {
    const std::lock_guard lock{mutex_};
    rows_.at(seq).visible = true;
    commits_.push_back(seq);
  }
  committed_.notify_all();
}

std::int64_t OutboxModel::append(NewRow row) {
  const std::int64_t seq = begin(std::move(row));
  commit(seq);
  return seq;
}

void OutboxModel::remove(std::int64_t seq) {
  const std::lock_guard lock{mutex_};
  const auto row = rows_.find(seq);
  std::erase(seqs_by_key_[row->second.written.key], seq);
  rows_.erase(row);
  unsynced_.clear();
}

void OutboxModel::set_now(std::function<std::int64_t()> now) {
  const std::lock_guard lock{mutex_};
  now_ = std::move(now);
}

void OutboxModel::set_acknowledged(std::function<bool(std::int64_t)> acknowledged) {
  const std::lock_guard lock{mutex_};
  acknowledged_ = std::move(acknowledged);
}

void OutboxModel::set_refusals(std::function<int(std::int64_t)> refusals) {
  const std::lock_guard lock{mutex_};
  refusals_ = std::move(refusals);
}

void OutboxModel::expect_policy(PoisonPolicy policy) {
  const std::lock_guard lock{mutex_};
  policy_ = policy;
}

bool OutboxModel::redrive(std::int64_t seq) {
  const std::lock_guard lock{mutex_};
  const auto found = exceptions_.find(seq);
  if (found == exceptions_.end() || found->second.state != State::dead) {
    return false;
  }
  Exception& exception = found->second;
  exception.state = exception.holds_key ? State::retrying : State::delayed;
  exception.attempts = 0;
  exception.due_at_us = due_at(0, {});
  operated();
  return true;
}

bool OutboxModel::discard(std::int64_t seq) {
  const std::lock_guard lock{mutex_};
  const auto found = exceptions_.find(seq);
  if (found == exceptions_.end() ||
      (found->second.state != State::dead && found->second.state != State::retrying)) {
    return false;
  }
  found->second.state = State::discarded;
  found->second.holds_key = false;
  rows_.at(seq).apart = true;
  operated();
  return true;
}

bool OutboxModel::edit(std::int64_t seq, std::string payload) {
  const std::lock_guard lock{mutex_};
  const auto found = exceptions_.find(seq);
  if (found == exceptions_.end() || found->second.state == State::discarded) {
    return false;
  }
  found->second.payload = std::move(payload);
  operated();
  return true;
}

bool OutboxModel::replay(std::int64_t seq, std::int64_t due_at_us) {
  const std::lock_guard lock{mutex_};
  const auto row = rows_.find(seq);
  if (row == rows_.end() || !row->second.receipt || !row->second.passed ||
      exceptions_.contains(seq) || is_held_unlocked(seq)) {
    return false;
  }
  Exception exception{State::delayed, false, 0, due_at_us};
  exception.replay = true;
  exceptions_.emplace(seq, std::move(exception));
  row->second.apart = true;
  ++row->second.replays;
  operated();
  return true;
}

void OutboxModel::pause(bool paused) {
  const std::lock_guard lock{mutex_};
  paused_ = paused;
  unsynced_.clear();
}

void OutboxModel::raise_revision() {
  const std::lock_guard lock{mutex_};
  operated();
}

void OutboxModel::operated() {
  ++revision_;
  unsynced_.clear();
}

std::size_t OutboxModel::crash(std::size_t count) {
  const std::lock_guard lock{mutex_};
  ++incarnation_;
  std::size_t lost = 0;
  for (; lost < count && !unsynced_.empty(); ++lost) {
    for (const std::int64_t seq : unsynced_.back().passed) {
      rows_.at(seq).passed = false;
    }
    for (const std::int64_t seq : unsynced_.back().receipts) {
      rows_.at(seq).receipt = false;
    }
    if (const auto intent = intents_.find(unsynced_.back().sender); intent != intents_.end()) {
      intent->second.prepared = std::move(unsynced_.back().prepared);
    }
    unsynced_.pop_back();
  }
  unsynced_.clear();  // the rest was recovered from the disk
  return lost;
}

std::uint64_t OutboxModel::incarnation() const {
  const std::lock_guard lock{mutex_};
  return incarnation_;
}

OutboxModel::Opened OutboxModel::open(const Fence& fence) const {
  const std::lock_guard lock{mutex_};
  Opened opened{load(fence.shards), {}, commits_.size()};
  for (const auto& [seq, row] : rows_) {
    if (row.visible && !row.passed && contains(fence.shards, row.written.key)) {
      opened.unread.push_back(seq);
    }
  }
  std::ranges::reverse(opened.unread);  // it is taken from its end
  return opened;
}

Exceptions OutboxModel::load(std::uint64_t shards) const {
  Exceptions exceptions;
  for (const auto& [seq, exception] : exceptions_) {
    const auto row = rows_.find(seq);
    if (!exception.holds_key || row == rows_.end()) {
      continue;
    }
    const std::string& key = row->second.written.key;
    if (contains(shards, key)) {
      // A clock that was set back must not lengthen the wait.
      const std::int64_t since = std::max(due_at(0, {}), exception.updated_at_us);
      const auto left =
          std::chrono::microseconds{std::max<std::int64_t>(0, exception.due_at_us - since)};
      exceptions.heads.push_back(
          FailedHead{seq, test_shard_of(key), key, exception.attempts,
                     std::chrono::duration_cast<std::chrono::milliseconds>(left), exception.error,
                     exception.state == State::dead});
    }
  }
  for (const auto& [key, range] : held_) {
    if (contains(shards, key)) {
      exceptions.held.push_back(range);
    }
  }
  return exceptions;
}

RowText OutboxModel::text_of(std::int64_t seq, const Row& row) const {
  RowText text{seq, row.written.key, row.written.aggregate_type};
  if (const auto exception = exceptions_.find(seq); exception != exceptions_.end()) {
    text.payload = exception->second.payload.value_or("");
    text.headers = exception->second.replay ? R"({"outbox-replay": "true"})" : "";
    text.attempts = exception->second.attempts;
  }
  return text;
}

std::vector<RowText> OutboxModel::read(std::span<const std::int64_t> seqs) const {
  const std::lock_guard lock{mutex_};
  std::vector<RowText> rows;
  for (const std::int64_t seq : seqs) {
    if (const auto row = rows_.find(seq); row != rows_.end()) {
      RowText text{seq, row->second.written.key, row->second.written.aggregate_type};
      const std::int64_t due = row->second.written.due_at_us;
      text.due_at_us = due > due_at(0, {}) ? due : 0;
      rows.push_back(std::move(text));
    }
  }
  return rows;
}

std::vector<std::int64_t> OutboxModel::committed_between(std::size_t from, std::size_t until,
                                                         const Fence& fence) const {
  const std::lock_guard lock{mutex_};
  std::vector<std::int64_t> seqs;
  for (std::size_t i = from; i < until; ++i) {
    const auto row = rows_.find(commits_[i]);
    if (row != rows_.end() && contains(fence.shards, row->second.written.key)) {
      seqs.push_back(commits_[i]);
    }
  }
  std::sort(seqs.rbegin(), seqs.rend());
  return seqs;
}

std::size_t OutboxModel::commits() const {
  const std::lock_guard lock{mutex_};
  return commits_.size();
}

bool OutboxModel::await_commit(std::size_t since, std::chrono::milliseconds timeout,
                               const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  return committed_.wait_for(lock, stop, timeout, [&] { return commits_.size() > since; });
}

// As the claim's statement: what was detached from its key is not among what waits for it.
OutboxModel::Found OutboxModel::find(std::span<const HeldRange> ranges, std::size_t limit_per_range,
                                     std::size_t limit) {
  const std::lock_guard lock{mutex_};
  Found found;
  for (const HeldRange& range : ranges) {
    std::size_t of_range = 0;
    for (auto row = rows_.lower_bound(range.from_seq);
         row != rows_.end() && row->first <= range.until_seq && of_range < limit_per_range; ++row) {
      const auto exception = exceptions_.find(row->first);
      const bool sent_apart =
          exception == exceptions_.end() ? row->second.receipt : !exception->second.holds_key;
      if (row->second.written.key != range.key || !row->second.passed || sent_apart) {
        continue;
      }
      if (found.rows.size() == limit) {
        found.truncated = true;
        break;
      }
      found.rows.push_back(text_of(row->first, row->second));
      ++of_range;
    }
  }
  return found;
}

OutboxModel::Found OutboxModel::find_due(const Fence& fence, std::size_t limit) const {
  const std::lock_guard lock{mutex_};
  std::vector<std::pair<std::int64_t, std::int64_t>> due;
  for (const auto& [seq, exception] : exceptions_) {
    const auto row = rows_.find(seq);
    if (exception.state == State::delayed && exception.due_at_us <= due_at(0, {}) &&
        row != rows_.end() && contains(fence.shards, row->second.written.key)) {
      due.emplace_back(exception.due_at_us, seq);
    }
  }
  std::sort(due.begin(), due.end());
  due.resize(std::min(due.size(), limit));
  Found found;
  for (const auto& [at, seq] : due) {
    found.rows.push_back(text_of(seq, rows_.at(seq)));
  }
  return found;
}

Standing OutboxModel::standing(const Fence& fence, std::int64_t revision) const {
  const std::lock_guard lock{mutex_};
  if (fence.shards == 0 || !holds_unlocked(fence)) {
    return Standing::lost;
  }
  if (revision_ != revision) {
    return paused_ ? Standing::paused_changing : Standing::changing;
  }
  return paused_ ? Standing::paused : Standing::owner;
}

std::int64_t OutboxModel::due_at(std::int64_t due_at_us, std::chrono::milliseconds due_in) const {
  if (due_at_us != 0) {
    return due_at_us;
  }
  return (now_ ? now_() : system_now_us()) +
         std::chrono::duration_cast<std::chrono::microseconds>(due_in).count();
}

std::vector<std::string> OutboxModel::violations() const {
  const std::lock_guard lock{mutex_};
  return violations_;
}

void OutboxModel::violated(const std::string& promise) {
  const std::lock_guard lock{mutex_};
  expect(false, promise);
}

std::vector<std::int64_t> OutboxModel::receipts() const {
  const std::lock_guard lock{mutex_};
  std::vector<std::int64_t> seqs;
  for (const auto& [seq, row] : rows_) {
    if (row.receipt) {
      seqs.push_back(seq);
    }
  }
  return seqs;
}

Exceptions OutboxModel::exceptions() const {
  const std::lock_guard lock{mutex_};
  return load(~std::uint64_t{0});
}

std::size_t OutboxModel::settlements() const {
  const std::lock_guard lock{mutex_};
  return settlements_;
}

bool OutboxModel::is_held(std::int64_t seq) const {
  const std::lock_guard lock{mutex_};
  return is_held_unlocked(seq);
}

bool OutboxModel::is_held_unlocked(std::int64_t seq) const {
  const auto row = rows_.find(seq);
  if (row == rows_.end()) {
    return false;
  }
  const auto range = held_.find(row->second.written.key);
  return range != held_.end() && range->second.from_seq <= seq && seq <= range->second.until_seq;
}

}  // namespace outbox
