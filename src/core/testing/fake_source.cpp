#include "core/testing/fake_source.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace outbox {

void FakeSource::set_fault(Fault fault) {
  const std::lock_guard lock{mutex_};
  fault_ = std::move(fault);
}

void FakeSource::limit_exception_records(std::size_t limit) {
  const std::lock_guard lock{mutex_};
  exception_records_ = limit;
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

bool FakeSource::connected() const {
  const std::lock_guard lock{mutex_};
  return connected_;
}

OutboxModel::Fence FakeSource::fence() const {
  const std::lock_guard lock{mutex_};
  return fence_;
}

Result<Exceptions> FakeSource::connect() {
  const std::lock_guard lock{mutex_};
  incarnation_ = model_->incarnation();
  if (std::optional<Error> error = fault(Call::connect)) {
    return *std::move(error);
  }
  if (connected_) {
    model_->violated("connect comes after close");
  }
  FakeGroup::Share share{OutboxModel::kShards, model_->look(owner_).revision};
  if (group_ != nullptr) {
    Result<FakeGroup::Share> given = group_->share();
    if (!given) {
      return std::move(given).error();
    }
    share = *given;
  }
  fence_ = model_->take(owner_, share.quota);
  const int shards = std::popcount(fence_.shards);
  if (shards == 0) {
    return Error{ErrorCode::conflict, "other relays have all shards"};
  }
  if (judge_ != nullptr) {
    if (Result<void> recovered = recover(); !recovered) {
      return std::move(recovered).error();
    }
  }
  revision_ = share.revision;
  if (group_ != nullptr) {
    group_->hold(share, shards);
  }
  OutboxModel::Opened opened = model_->open(fence_);
  opened.exceptions.shards = shards;
  connected_ = true;
  ++connects_;
  last_number_ = 0;
  batches_.clear();
  snapshot_ = std::move(opened.unread);
  commits_ = opened.commits;
  return std::move(opened.exceptions);
}

void FakeSource::close() {
  const std::lock_guard lock{mutex_};
  connected_ = false;
  if (group_ != nullptr) {
    group_->hold({}, 0);
  }
}

void FakeSource::leave() {
  model_->leave(owner_);
}

Result<Batch> FakeSource::claim(std::size_t limit) {
  const std::lock_guard lock{mutex_};
  if (std::optional<Error> error = fault(Call::claim)) {
    return *std::move(error);
  }
  if (!connected_) {
    model_->violated("claim comes between connect and close");
  }
  if (snapshot_.empty()) {
    const std::size_t commits = model_->commits();
    snapshot_ = model_->committed_between(commits_, commits, fence_);
    commits_ = commits;
  }
  std::vector<std::int64_t> seqs;
  for (; seqs.size() < limit && !snapshot_.empty(); snapshot_.pop_back()) {
    seqs.push_back(snapshot_.back());
  }
  std::vector<RowText> rows = model_->read(seqs);
  seqs.clear();
  for (const RowText& row : rows) {
    seqs.push_back(row.seq);
  }
  batches_[++last_number_] = std::move(seqs);
  Batch batch = make_batch_of(last_number_, std::move(rows));
  batch.caught_up = snapshot_.empty();
  return batch;
}

Result<void> FakeSource::await_work(std::chrono::milliseconds timeout,
                                    const std::stop_token& stop) {
  std::size_t commits = 0;
  {
    const std::lock_guard lock{mutex_};
    commits = snapshot_.empty() ? commits_ : SIZE_MAX;
  }
  if (commits != SIZE_MAX) {
    model_->await_commit(commits, timeout, stop);
  }
  const std::lock_guard lock{mutex_};
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
  OutboxModel::Found found = model_->find(ranges, limit_per_range, exception_records_);
  Batch batch = make_batch_of(0, std::move(found.rows));
  batch.truncated = found.truncated;
  return batch;
}

Result<Batch> FakeSource::claim_due(std::size_t limit) {
  const std::lock_guard lock{mutex_};
  if (std::optional<Error> error = fault(Call::claim_due)) {
    return *std::move(error);
  }
  return make_batch_of(0, model_->find_due(fence_, limit).rows);
}

Standing FakeSource::standing() const {
  if (group_ != nullptr) {
    return group_->standing();
  }
  const std::lock_guard lock{mutex_};
  return connected_ ? model_->standing(fence_, revision_) : Standing::lost;
}

std::shared_ptr<const TopicNames> FakeSource::paused_topics() const {
  return group_ != nullptr ? group_->paused_topics() : model_->paused_topics();
}

Result<void> FakeSource::settle(const Settlement& settlement) {
  const std::lock_guard lock{mutex_};
  if (std::optional<Error> error = fault(Call::settle)) {
    return *std::move(error);
  }
  if (!connected_) {
    model_->violated("settle comes between connect and close");
  }
  if (settlement.through > last_number_) {
    model_->violated("through " + std::to_string(settlement.through) + " was claimed");
  }
  Batches::iterator end;
  const std::vector<std::int64_t> seqs = passed(settlement.through, end);
  if (Result<void> settled = model_->settle(fence_, settlement, seqs); !settled) {
    return settled;
  }
  batches_.erase(batches_.begin(), end);
  if (std::optional<Error> error = fault(Call::settled)) {
    return *std::move(error);
  }
  return {};
}

std::vector<std::int64_t> FakeSource::passed(std::uint64_t through, Batches::iterator& end) {
  end = batches_.upper_bound(through);
  std::vector<std::int64_t> seqs;
  for (auto batch = batches_.begin(); batch != end; ++batch) {
    seqs.insert(seqs.end(), batch->second.begin(), batch->second.end());
  }
  return seqs;
}

Result<void> FakeSource::recover() {
  if (Result<void> fenced = judge_->fence(model_->senders(fence_)); !fenced) {
    return fenced;
  }
  const Result<CommittedTransactions> committed = judge_->committed("model");
  if (!committed) {
    return committed.error();
  }
  Result<std::vector<std::string>> retired = model_->recover(fence_, *committed);
  if (!retired) {
    return std::move(retired).error();
  }
  retired_.insert(retired_.end(), retired->begin(), retired->end());
  return {};
}

Result<void> FakeSource::enlist(const TransactionSender& sender) {
  const std::lock_guard lock{mutex_};
  if (std::optional<Error> error = fault(Call::settle)) {
    return *std::move(error);
  }
  sender_ = sender.id;
  return model_->enlist(fence_, sender_);
}

Result<PreparedTransaction> FakeSource::prepare(const Settlement& settlement) {
  const std::lock_guard lock{mutex_};
  if (std::optional<Error> error = fault(Call::settle)) {
    return *std::move(error);
  }
  Batches::iterator end;
  prepared_ = passed(settlement.through, end);
  Result<PreparedTransaction> transaction = model_->prepare(fence_, sender_, settlement, prepared_);
  if (!transaction) {
    return transaction;
  }
  batches_.erase(batches_.begin(), end);
  transaction->retired = retired_;
  if (std::optional<Error> error = fault(Call::settled)) {
    return *std::move(error);
  }
  return transaction;
}

Result<void> FakeSource::resolve(const Settlement& settlement) {
  const std::lock_guard lock{mutex_};
  retired_.clear();
  if (std::optional<Error> error = fault(Call::settle)) {
    return *std::move(error);
  }
  if (Result<void> settled = model_->resolve(fence_, sender_, settlement, prepared_); !settled) {
    return settled;
  }
  if (std::optional<Error> error = fault(Call::settled)) {
    return *std::move(error);
  }
  return {};
}

std::optional<Error> FakeSource::fault(Call call) {
  std::optional<Error> error = fault_ ? fault_(call) : std::nullopt;
  if (!error && incarnation_ != model_->incarnation()) {
    error = Error{ErrorCode::source_unavailable, "the database has restarted"};
  }
  return error;
}

}  // namespace outbox
