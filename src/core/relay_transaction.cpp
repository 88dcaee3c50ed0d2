#include "core/relay_transaction.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "mutants/mutant.hpp"

namespace outbox {
namespace {

using mutant::Mutant;

template <class T>
void append(std::vector<T>& to, std::vector<T>&& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

void SettlementSum::add(Settlement settlement) {
  sum_.through = std::max(sum_.through, settlement.through);
  sum_.delivered.reserve(std::max(expected_, sum_.delivered.size() + settlement.delivered.size()));
  append(sum_.delivered, std::move(settlement.delivered));
  append(sum_.failed, std::move(settlement.failed));
  append(sum_.resolved, std::move(settlement.resolved));
  append(sum_.detached, std::move(settlement.detached));
  for (HeldRange& range : settlement.held) {
    std::string key = range.key;
    held_.insert_or_assign(std::move(key), std::move(range));
  }
}

Settlement SettlementSum::take() {
  for (auto& [key, range] : held_) {
    sum_.held.push_back(std::move(range));
  }
  held_.clear();
  return std::exchange(sum_, {});
}

Result<void> RelayTransaction::open() {
  static_cast<void>(sum_.take());
  unresolved_.reset();
  begun_ = false;
  start_anew();
  const Result<TransactionSender> sender = sink_.open(source_.transaction_scope());
  return sender ? source_.enlist(*sender) : Result<void>{sender.error()};
}

bool RelayTransaction::takes_batch() const {
  return !ending_ && messages_ < options_.messages && clock_.now() < ends_at();
}

// What is stored of them is what the last settlement left, and must be found so.
bool RelayTransaction::takes_exceptions() const {
  return takes_batch() && !unresolved_ && !sum_.exceptional();
}

void RelayTransaction::took_batch(std::size_t messages) {
  if (messages == 0) {
    ending_ = ending_ || is_open();
    return;
  }
  took_exceptions(messages);
  batches_ = true;
}

void RelayTransaction::took_exceptions(std::size_t messages) {
  if (messages_ == 0 && messages > 0) {
    began_ = clock_.now();
  }
  messages_ += messages;
}

RelayTransaction::time_point RelayTransaction::ends_at() const {
  return messages_ == 0 ? time_point::max() : began_ + options_.age;
}

Result<void> RelayTransaction::begin() {
  if (begun_) {
    return {};
  }
  Result<void> begun = sink_.begin();
  begun_ = begun.ok();
  return begun;
}

bool RelayTransaction::is_complete() const {
  return ending_ || !batches_ || !takes_batch();
}

Result<bool> RelayTransaction::advance(bool all_done) {
  bool wrote = false;
  if (unresolved_) {
    if (Result<void> resolved = resolve(); !resolved) {
      return std::move(resolved).error();
    }
    wrote = true;
  }
  if (!all_done || !is_complete()) {
    return wrote;
  }
  if (sum_.empty()) {
    start_anew();
    return wrote;
  }
  if (Result<void> ended = sum_.delivers() ? commit() : settle_alone(); !ended) {
    return std::move(ended).error();
  }
  start_anew();
  return true;
}

Result<void> RelayTransaction::resolve() {
  const Settlement settlement = *std::exchange(unresolved_, std::nullopt);
  if (Result<void> resolved = source_.resolve(settlement); !resolved) {
    return resolved;
  }
  observer_.settled(settlement);
  return {};
}

// Nothing was sent in it, so nothing of the sink's transaction is there to be committed with.
Result<void> RelayTransaction::settle_alone() {
  const Settlement settlement = sum_.take();
  if (Result<void> settled = settler_.settle(settlement); !settled) {
    return settled;
  }
  observer_.settled(settlement);
  return {};
}

Result<void> RelayTransaction::commit() {
  Settlement settlement = sum_.take();
  PreparedTransaction transaction;
  if (!mutant::on(Mutant::commits_before_prepare)) {
    Result<PreparedTransaction> prepared = source_.prepare(settlement);
    if (!prepared) {
      return std::move(prepared).error();
    }
    transaction = *std::move(prepared);
  }
  if (Result<void> committed = sink_.commit(transaction); !committed) {
    const bool unknown = committed.error().code == ErrorCode::timeout;
    observer_.transaction_ended(unknown ? TransactionOutcome::unknown
                                        : TransactionOutcome::aborted);
    begun_ = false;
    start_anew();
    return Error{ErrorCode::destination_unavailable, std::move(committed).error().message};
  }
  begun_ = false;
  observer_.transaction_ended(TransactionOutcome::committed);
  if (mutant::on(Mutant::commits_before_prepare)) {
    Result<PreparedTransaction> prepared = source_.prepare(settlement);
    if (!prepared) {
      return std::move(prepared).error();
    }
  }
  unresolved_ = std::move(settlement);
  return {};
}

void RelayTransaction::start_anew() {
  messages_ = 0;
  batches_ = false;
  ending_ = false;
}

void RelayTransaction::abandon() {
  if (is_open()) {
    observer_.transaction_ended(TransactionOutcome::aborted);
  }
  static_cast<void>(sum_.take());
  start_anew();
  begun_ = false;
  sink_.abandon();
}

}  // namespace outbox
