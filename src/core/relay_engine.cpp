#include "core/relay_engine.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace outbox {

RelayEngine::RelayEngine(EngineOptions options, Sink& sink, RetryPolicy& policy, const Clock& clock,
                         RelayObserver& observer)
    : options_(options),
      sink_(sink),
      policy_(policy),
      clock_(clock),
      observer_(observer),
      destination_backoff_(options.destination_backoff, options.seed),
      gate_(options.max_blocked_keys),
      last_settlement_(clock.now()) {}

void RelayEngine::restart(const Exceptions& exceptions) {
  window_.clear();
  attempt_.reset();
  gate_.restore(exceptions, clock_.now());
  paused_ = false;
  done_through_ = 0;
  settled_through_ = 0;
  last_settlement_ = clock_.now();
}

bool RelayEngine::wants_batch() const {
  return window_.batches() < options_.max_batches && !gate_.full();
}

void RelayEngine::add(Batch batch) {
  window_.push(next_slot_++, std::move(batch));
}

std::vector<HeldRange> RelayEngine::due_exceptions() {
  if (attempt_ || paused_) {
    return {};
  }
  return gate_.begin_attempts(clock_.now(), options_.attempts_at_once);
}

void RelayEngine::add_exceptions(std::vector<HeldRange> ranges, Batch batch) {
  attempt_.emplace(next_slot_++, std::move(ranges), std::move(batch), options_.waiting_at_once);
}

std::size_t RelayEngine::in_flight() const {
  return window_.in_flight() + (attempt_ ? attempt_->in_flight() : 0);
}

void RelayEngine::take(std::span<const Delivery> deliveries) {
  for (const Delivery& delivery : deliveries) {
    take_one(delivery);
  }
}

void RelayEngine::take_one(const Delivery& delivery) {
  WindowBatch* batch = window_.find(slot_of(delivery.tag));
  const Record* record = nullptr;
  if (batch != nullptr) {
    record = &batch->batch.records[index_of(delivery.tag)];
  } else if (attempt_) {
    record = attempt_->record_of(delivery);
  }
  if (record == nullptr) {
    return;  // sent on an earlier connection of the source; it is read and sent again
  }
  const bool rejected = delivery.error && delivery.error->code == ErrorCode::message_rejected;
  if (!delivery.error) {
    destination_failures_ = 0;
    observer_.acknowledged(*record, delivery);
  } else if (rejected) {
    observer_.rejected(*record, delivery.topic, *delivery.error);
  }
  const std::size_t index = index_of(delivery.tag);
  if (batch == nullptr) {
    take_attempted(delivery, rejected);
  } else if (!delivery.error) {
    window_.delivered(*batch, index, delivery);
  } else if (rejected) {
    refuse(*batch, index, *delivery.error);
  } else if (gate_.blocks(record->key, record->seq)) {
    window_.hold(*batch, index);  // it failed because its key's head did
  } else {
    pause_destination(*delivery.error);
    window_.send_again(*batch, index);
  }
}

void RelayEngine::take_attempted(const Delivery& delivery, bool rejected) {
  if (delivery.error && !rejected && !attempt_->follows_refused(index_of(delivery.tag))) {
    pause_destination(*delivery.error);
  }
  attempt_->take(delivery);
}

// The message becomes the head of its key, or waits behind the one that already is.
void RelayEngine::refuse(WindowBatch& batch, std::size_t index, const Error& error) {
  const Record& record = batch.batch.records[index];
  if (!gate_.blocks(record.key, record.seq)) {
    gate_.block_unsettled(FailedHead{record.seq, record.shard, std::string{record.key}, 1,
                                     policy_.next_delay(1, error), error.message});
  }
  window_.hold(batch, index);
}

void RelayEngine::pause_destination(const Error& error) {
  if (!paused_) {
    paused_ = true;
    observer_.destination_failed(error);
    ++destination_failures_;
    resume_at_ = clock_.now() + destination_backoff_.next_delay(destination_failures_, error);
  }
}

bool RelayEngine::may_send() {
  if (paused_ && in_flight() == 0 && clock_.now() >= resume_at_) {
    paused_ = false;
  }
  return !paused_;
}

void RelayEngine::send() {
  if (!may_send()) {
    if (attempt_) {
      attempt_->abandon_unsent();
    }
    return;
  }
  // The attempt goes first: the window could keep the sink full for ever. A sink that takes no more
  // is not asked again before its deliveries were taken, as a failure may be among them.
  if (attempt_ && !attempt_->send(sink_, observer_)) {
    return;
  }
  window_.send(sink_, gate_, [this](WindowBatch& batch, std::size_t index, const Error& error) {
    observer_.rejected(batch.batch.records[index], {}, error);
    refuse(batch, index, error);
  });
}

std::optional<Settlement> RelayEngine::next_settlement() {
  Settlement settlement;
  ChangedKeys changed;
  while (window_.front_done()) {
    collect_front(settlement, changed);
  }
  if (attempt_ && attempt_->done()) {
    collect_attempt(settlement, changed);
  }
  for (const auto& [key, shard] : changed) {
    const SeqRange waiting = gate_.waiting(key);
    settlement.held.push_back(HeldRange{key, shard, waiting.from, waiting.until});
  }
  const time_point now = clock_.now();
  const bool moved = done_through_ > settled_through_;
  if (settlement.empty() && !(moved && now - last_settlement_ >= options_.idle_store_interval)) {
    return std::nullopt;
  }
  settlement.through = moved ? done_through_ : 0;
  settled_through_ = done_through_;
  last_settlement_ = now;
  return settlement;
}

void RelayEngine::collect_front(Settlement& settlement, ChangedKeys& changed) {
  WindowBatch front = window_.pop_front();
  done_through_ = front.batch.number;
  if (settlement.delivered.empty()) {
    settlement.delivered = std::move(front.receipts);
  } else {
    settlement.delivered.insert(settlement.delivered.end(), front.receipts.begin(),
                                front.receipts.end());
  }
  for (std::size_t i = 0; i < front.states.size(); ++i) {
    if (front.states[i] != RecordState::held) {
      continue;
    }
    const Record& record = front.batch.records[i];
    if (std::optional<FailedHead> head = gate_.settle_head(record.key, record.seq, clock_.now())) {
      settlement.failed.push_back(*std::move(head));
    } else {
      gate_.wait_behind(record.key, record.seq);
      changed.insert_or_assign(std::string{record.key}, record.shard);
    }
  }
}

void RelayEngine::collect_attempt(Settlement& settlement, ChangedKeys& changed) {
  const time_point now = clock_.now();
  const time_point retry_at = paused_ ? std::max(now, resume_at_) : now;
  attempt_->finish(settlement, changed, gate_, policy_, now, retry_at);
  for (const HeldRange& range : attempt_->ranges()) {
    if (gate_.release_if_done(range.key)) {
      window_.release(range.key);
    }
  }
  attempt_.reset();
}

RelayEngine::time_point RelayEngine::next_wakeup() const {
  time_point next = time_point::max();
  if (done_through_ > settled_through_) {
    next = last_settlement_ + options_.idle_store_interval;
  }
  if (paused_) {
    return in_flight() == 0 ? std::min(next, resume_at_) : next;
  }
  if (!attempt_) {
    next = std::min(next, gate_.next_due());
  }
  return next;
}

}  // namespace outbox
