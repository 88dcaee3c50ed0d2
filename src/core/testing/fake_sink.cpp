#include "core/testing/fake_sink.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace outbox {
namespace {

const Error kUnavailable{ErrorCode::destination_unavailable, "the broker is away"};
const Error kRejected{ErrorCode::message_rejected, "the message is too large"};

std::vector<std::int64_t> seqs_of(const std::vector<SeqAndKey>& rows) {
  std::vector<std::int64_t> seqs;
  seqs.reserve(rows.size());
  for (const SeqAndKey& row : rows) {
    seqs.push_back(row.seq);
  }
  return seqs;
}

}  // namespace

void FakeSink::deliver_at_once(bool at_once) {
  const std::lock_guard lock{mutex_};
  at_once_ = at_once;
}

void FakeSink::delay_deliveries(bool delayed) {
  const std::lock_guard lock{mutex_};
  delay_ = delayed;
}

void FakeSink::set_capacity(std::size_t capacity) {
  const std::lock_guard lock{mutex_};
  capacity_ = capacity;
}

void FakeSink::fail_connect(Error error) {
  const std::lock_guard lock{mutex_};
  connect_error_ = std::move(error);
}

void FakeSink::stall_after_failures(bool stall) {
  const std::lock_guard lock{mutex_};
  stall_ = stall;
}

void FakeSink::refuse_if(std::function<bool(std::int64_t)> refuses) {
  refuse_with([refuses = std::move(refuses)](std::int64_t seq) {
    return refuses(seq) ? std::optional{kRejected} : std::nullopt;
  });
}

void FakeSink::refuse_with(std::function<std::optional<Error>(std::int64_t)> refuses) {
  const std::lock_guard lock{mutex_};
  refuses_ = std::move(refuses);
}

void FakeSink::watch(std::function<void(const Record&)> told) {
  const std::lock_guard lock{mutex_};
  told_ = std::move(told);
}

void FakeSink::deliver(std::int64_t seq) {
  const std::lock_guard lock{mutex_};
  deliver_at(find(seq));
}

void FakeSink::reject(std::int64_t seq) {
  reject(seq, kRejected);
}

void FakeSink::reject(std::int64_t seq, Error error) {
  const std::lock_guard lock{mutex_};
  const std::size_t index = find(seq);
  const std::string key = accepted_.at(index).row.key;
  decide(index, Delivery{0, "orders", 0, -1, std::move(error)});
  if (const std::size_t later = next_of_key(key, index); later < accepted_.size()) {
    fail_from(later, false);
  }
}

void FakeSink::fail(std::int64_t seq, bool arrives) {
  const std::lock_guard lock{mutex_};
  fail_from(find(seq), arrives);
}

void FakeSink::deliver_all() {
  const std::lock_guard lock{mutex_};
  while (!accepted_.empty()) {
    deliver_at(0);
  }
}

void FakeSink::forget() {
  const std::lock_guard lock{mutex_};
  accepted_.clear();
  delayed_.clear();
  failure_unseen_ = false;
}

void FakeSink::abandon() {
  const std::lock_guard lock{mutex_};
  delayed_.clear();
  deliveries_ = nullptr;
}

void FakeSink::arrive_unseen(std::int64_t seq) {
  const std::lock_guard lock{mutex_};
  const std::size_t index = find(seq);
  destination_->arrive(accepted_.at(index).row, false);
  accepted_.erase(accepted_.begin() + static_cast<std::ptrdiff_t>(index));
}

void FakeSink::drop_unseen(std::int64_t seq) {
  const std::lock_guard lock{mutex_};
  std::size_t index = find(seq);
  const std::string key = accepted_.at(index).row.key;
  while (index < accepted_.size()) {
    accepted_.erase(accepted_.begin() + static_cast<std::ptrdiff_t>(index));
    index = next_of_key(key, index);
  }
}

std::uint64_t FakeSink::push_delivery(std::size_t index) {
  const std::lock_guard lock{mutex_};
  Delivery delivery = std::move(delayed_.at(index).delivery);
  delayed_.erase(delayed_.begin() + static_cast<std::ptrdiff_t>(index));
  const std::uint64_t tag = delivery.tag;
  push(std::move(delivery));
  return tag;
}

std::size_t FakeSink::delayed() const {
  const std::lock_guard lock{mutex_};
  return delayed_.size();
}

std::vector<SeqAndKey> FakeSink::accepted() const {
  const std::lock_guard lock{mutex_};
  std::vector<SeqAndKey> rows;
  rows.reserve(accepted_.size());
  for (const Message& message : accepted_) {
    rows.push_back(message.row);
  }
  return rows;
}

std::vector<std::int64_t> FakeSink::accepted_seqs() const {
  return seqs_of(accepted());
}

std::vector<std::int64_t> FakeSink::oldest_of_keys() const {
  const std::lock_guard lock{mutex_};
  std::vector<std::int64_t> oldest;
  std::set<std::string_view> seen;
  for (const Message& message : accepted_) {
    if (seen.insert(message.row.key).second) {
      oldest.push_back(message.row.seq);
    }
  }
  return oldest;
}

std::vector<SeqAndKey> FakeSink::arrivals() const {
  return destination_->arrivals();
}

std::vector<std::int64_t> FakeSink::arrived_seqs() const {
  return seqs_of(arrivals());
}

std::size_t FakeSink::arrived_count() const {
  return destination_->count();
}

bool FakeSink::acknowledged(std::int64_t seq) const {
  return destination_->acknowledged(seq);
}

std::size_t FakeSink::send_calls() const {
  const std::lock_guard lock{mutex_};
  return send_calls_;
}

bool FakeSink::closed() const {
  const std::lock_guard lock{mutex_};
  return deliveries_ == nullptr;
}

SinkTraits FakeSink::traits() const {
  return SinkTraits{"fake", true, true};
}

Result<void> FakeSink::connect(DeliveryQueue& deliveries) {
  const std::lock_guard lock{mutex_};
  if (connect_error_) {
    return *connect_error_;
  }
  deliveries_ = &deliveries;
  failure_unseen_ = false;
  return {};
}

SendResult FakeSink::send(std::span<const Record> messages) {
  const std::lock_guard lock{mutex_};
  ++send_calls_;
  SendResult result;
  if (failure_unseen_) {
    failure_unseen_ = false;
    deliveries_->wake();
    return result;
  }
  for (const Record& record : messages) {
    if (accepted_.size() + delayed_.size() >= capacity_) {
      return result;
    }
    if (refuses_) {
      result.rejected = refuses_(record.seq);
      if (result.rejected) {
        return result;
      }
    }
    if (told_) {
      told_(record);
    }
    accepted_.push_back(Message{{record.seq, std::string{record.key}}, record.tag});
    ++result.accepted;
    if (has_untold_failure(record.key)) {
      fail_from(accepted_.size() - 1, false);
    } else if (at_once_) {
      deliver_at(accepted_.size() - 1);
    }
  }
  return result;
}

Result<void> FakeSink::flush(std::chrono::milliseconds /*timeout*/) {
  return {};
}

void FakeSink::close() {
  const std::lock_guard lock{mutex_};
  accepted_.clear();
  delayed_.clear();
  deliveries_ = nullptr;
}

SinkHealth FakeSink::health() const {
  return SinkHealth{true, "in memory"};
}

bool FakeSink::has_untold_failure(std::string_view key) const {
  return std::any_of(delayed_.begin(), delayed_.end(), [key](const Delayed& delayed) {
    return delayed.key == key && delayed.delivery.error;
  });
}

std::size_t FakeSink::find(std::int64_t seq) const {
  const auto found = std::find_if(accepted_.begin(), accepted_.end(),
                                  [seq](const Message& m) { return m.row.seq == seq; });
  return static_cast<std::size_t>(found - accepted_.begin());
}

std::size_t FakeSink::next_of_key(std::string_view key, std::size_t from) const {
  while (from < accepted_.size() && accepted_[from].row.key != key) {
    ++from;
  }
  return from;
}

void FakeSink::deliver_at(std::size_t index) {
  const SeqAndKey& row = accepted_.at(index).row;
  const std::int64_t offset = destination_->arrive(row, true);
  decide(index, Delivery{0, "orders", static_cast<std::int32_t>(row.key.size()), offset, {}});
}

void FakeSink::fail_from(std::size_t index, bool arrives) {
  const std::string key = accepted_.at(index).row.key;
  if (arrives) {
    destination_->arrive(accepted_.at(index).row, false);
  }
  while (index < accepted_.size()) {
    if (accepted_[index].row.key == key) {
      decide(index, Delivery{0, "orders", 0, -1, kUnavailable});
    } else {
      ++index;
    }
  }
}

void FakeSink::decide(std::size_t index, Delivery delivery) {
  delivery.tag = accepted_.at(index).tag;
  std::string key = std::move(accepted_[index].row.key);
  accepted_.erase(accepted_.begin() + static_cast<std::ptrdiff_t>(index));
  if (delay_) {
    delayed_.push_back(Delayed{std::move(key), std::move(delivery)});
  } else {
    push(std::move(delivery));
  }
}

void FakeSink::push(Delivery delivery) {
  failure_unseen_ = failure_unseen_ || (stall_ && delivery.error);
  deliveries_->push({&delivery, 1});
}

}  // namespace outbox
