#include "core/testing/fake_transactions.hpp"

#include <utility>

namespace outbox {

void FakeCoordinator::stage(const std::string& sender, const SeqAndKey& row) {
  if (Sender& known = senders_[sender]; !known.fenced) {
    known.staged.push_back(row);
  }
}

bool FakeCoordinator::commit(const std::string& sender, const PreparedTransaction& transaction) {
  Sender& known = senders_[sender];
  if (known.fenced) {
    return false;
  }
  known.number = transaction.number;
  for (const std::string& retired : transaction.retired) {
    senders_[retired].retired = true;
  }
  for (const SeqAndKey& row : std::exchange(known.staged, {})) {
    destination_->arrive(row, true);
  }
  return true;
}

void FakeCoordinator::commit_later(const std::string& sender,
                                   const PreparedTransaction& transaction) {
  late_.emplace_back(sender, transaction);
}

bool FakeCoordinator::arrive_late() {
  if (late_.empty()) {
    return false;
  }
  const auto [sender, transaction] = std::move(late_.front());
  late_.pop_front();
  return commit(sender, transaction);
}

void FakeCoordinator::abort(const std::string& sender) {
  senders_[sender].staged.clear();
}

void FakeCoordinator::fence(const std::string& sender) {
  senders_[sender].fenced = true;
  abort(sender);
}

CommittedTransactions FakeCoordinator::committed() const {
  CommittedTransactions result;
  for (const auto& [sender, known] : senders_) {
    if (known.number > 0 && !known.retired) {
      result.newest.push_back({sender, known.number, 0});
    }
  }
  return result;
}

FakeTransactionalSink::FakeTransactionalSink(std::shared_ptr<FakeCoordinator> coordinator,
                                             std::string name)
    : coordinator_(std::move(coordinator)), name_(std::move(name)) {
  staging_->watch([coordinator = coordinator_, sender = sender_](
                      const SeqAndKey& row, bool /*first*/) { coordinator->stage(*sender, row); });
}

void FakeTransactionalSink::keep_failures(std::vector<Delivery>& deliveries) {
  for (const Delivery& delivery : deliveries) {
    const auto seq = seqs_.find(delivery.tag);
    if (!delivery.error || seq == seqs_.end()) {
      continue;
    }
    if (delivery.error->code != ErrorCode::destination_unavailable) {
      refusals_.insert_or_assign(seq->second, *delivery.error);
    }
    if (!problem_) {
      problem_ = delivery.error;
    }
  }
  std::erase_if(deliveries, [](const Delivery& delivery) { return delivery.error.has_value(); });
}

std::optional<Error> FakeTransactionalSink::refusal(std::int64_t seq) {
  const auto known = refusals_.find(seq);
  if (known == refusals_.end()) {
    return std::nullopt;
  }
  Error error = std::move(known->second);
  refusals_.erase(known);
  return error;
}

Result<TransactionSender> FakeTransactionalSink::open(const TransactionScope& /*scope*/) {
  abandon();
  *sender_ = name_ + "#" + std::to_string(++opened_);
  coordinator_->begin(*sender_);
  problem_.reset();
  unknown_ = false;
  seqs_.clear();
  reset_();
  return TransactionSender{*sender_, 0};
}

Result<void> FakeTransactionalSink::commit(const PreparedTransaction& transaction) {
  const Error lost{ErrorCode::timeout, "the answer was lost"};
  switch (fate_()) {
    case Fate::commits:
      if (coordinator_->commit(*sender_, transaction)) {
        return {};
      }
      return Error{ErrorCode::destination_unavailable, "the sender was fenced"};
    case Fate::aborts:
      coordinator_->abort(*sender_);
      return Error{ErrorCode::destination_unavailable, "the transaction was aborted"};
    case Fate::answer_lost:
      static_cast<void>(coordinator_->commit(*sender_, transaction));
      break;
    case Fate::late:
      coordinator_->commit_later(*sender_, transaction);
      break;
    case Fate::never:
      break;
  }
  unknown_ = true;
  return lost;
}

void FakeTransactionalSink::abandon() {
  if (!sender_->empty() && !unknown_ && !abort_fails_()) {
    coordinator_->abort(*sender_);
  }
}

Result<void> FakeJudge::fence(std::span<const std::string> senders) {
  for (const std::string& sender : senders) {
    if (std::optional<Error> error = fault_()) {
      return *std::move(error);
    }
    coordinator_->fence(sender);
  }
  return {};
}

Result<CommittedTransactions> FakeJudge::committed(const std::string& /*origin*/) {
  if (std::optional<Error> error = fault_()) {
    return *std::move(error);
  }
  return coordinator_->committed();
}

}  // namespace outbox
