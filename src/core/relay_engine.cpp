#include "core/relay_engine.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "mutants/mutant.hpp"

namespace outbox {

using mutant::Mutant;

namespace {

// Deliveries come by partition, so their records are apart, and long out of the cache.
constexpr std::size_t kAhead = 8;

}  // namespace

RelayEngine::RelayEngine(EngineOptions options, Sink& sink, RetryPolicy& policy, const Clock& clock,
                         RelayObserver& observer)
    : options_(options),
      sink_(sink, options.messages_per_second, clock),
      policy_(policy),
      clock_(clock),
      observer_(observer),
      destination_backoff_(options.destination_backoff, options.seed),
      gate_(options.max_blocked_keys),
      topics_(options.topic_backoff, options.seed, sink),
      next_due_look_(clock.now()),
      last_settlement_(clock.now()) {}

void RelayEngine::restart(const Exceptions& exceptions) {
  window_.clear();
  attempt_.reset();
  due_.reset();
  next_due_look_ = clock_.now();
  topics_.clear();
  gate_.restore(exceptions, clock_.now());
  paused_ = false;
  refused_ = false;
  behind_ = false;
  done_through_ = 0;
  settled_through_ = 0;
  last_settlement_ = clock_.now();
  if (mutant::on(Mutant::late_callback)) {
    next_slot_ = 1;
  }
}

bool RelayEngine::wants_batch() const {
  return window_.batches() < options_.max_batches &&
         window_.messages() <= options_.enough_messages &&
         window_.bytes() <= options_.enough_bytes && !gate_.full();
}

void RelayEngine::add(Batch batch) {
  behind_ = batch.behind;
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

bool RelayEngine::wants_due() const {
  return !due_ && !paused_ && clock_.now() >= next_due_look_;
}

void RelayEngine::add_due(Batch batch) {
  // What the limit has left out is due as well.
  const bool more = batch.truncated || batch.records.size() >= options_.due_at_once;
  next_due_look_ = clock_.now() + (more ? std::chrono::milliseconds{0} : options_.due_interval);
  if (!batch.records.empty()) {
    due_.emplace(next_slot_++, std::move(batch));
  }
}

std::size_t RelayEngine::in_flight() const {
  return window_.in_flight() + (attempt_ ? attempt_->attempt().in_flight() : 0) +
         (due_ ? due_->attempt().in_flight() : 0);
}

void RelayEngine::hold_topics(std::shared_ptr<const TopicNames> topics) {
  if (topics_.hold(std::move(topics)) && !mutant::on(Mutant::wake_forgotten)) {
    gate_.wake(clock_.now());
  }
}

void RelayEngine::take(std::span<const Delivery> deliveries) {
  for (std::size_t i = 0; i < deliveries.size(); ++i) {
    if (i + kAhead < deliveries.size()) {
      window_.prefetch(deliveries[i + kAhead].tag);
    }
    take_one(deliveries[i]);
  }
  if (!deliveries.empty()) {
    observer_.deliveries_taken();
  }
}

void RelayEngine::take_one(const Delivery& delivery) {
  WindowBatch* batch = window_.find(slot_of(delivery.tag));
  Attempt* attempt = batch == nullptr ? attempt_of(delivery) : nullptr;
  if (batch == nullptr && attempt == nullptr) {
    return;  // sent on an earlier connection of the source; it is read and sent again
  }
  const Record& record = batch != nullptr ? batch->batch.records[index_of(delivery.tag)]
                                          : *attempt->record_of(delivery);
  if (!delivery.error) {
    destination_failures_ = 0;
    topics_.delivered(record);
    observer_.acknowledged(record, delivery);
  } else if (delivery.error->code != ErrorCode::destination_unavailable) {
    destination_failures_ = 0;  // who judges messages is there
    refused_ = true;
    note_refusal(record, delivery.topic, *delivery.error);
  }
  if (batch != nullptr) {
    take_in_window(*batch, record, delivery);
  } else {
    take_attempted(*attempt, delivery);
  }
}

Attempt* RelayEngine::attempt_of(const Delivery& delivery) {
  if (attempt_ && attempt_->attempt().record_of(delivery) != nullptr) {
    return &attempt_->attempt();
  }
  return due_ && due_->attempt().record_of(delivery) != nullptr ? &due_->attempt() : nullptr;
}

void RelayEngine::take_in_window(WindowBatch& batch, const Record& record,
                                 const Delivery& delivery) {
  const std::size_t index = index_of(delivery.tag);
  if (!delivery.error) {
    window_.delivered(batch, index, delivery);
  } else if (delivery.error->code != ErrorCode::destination_unavailable ||
             mutant::on(Mutant::burns_attempts_on_destination_fault)) {
    refuse(batch, index, *delivery.error);
  } else if (gate_.blocks(record.key, record.seq)) {
    window_.hold(batch, index);  // it failed because its key's head did
  } else {
    pause_destination(*delivery.error);
    window_.send_again(batch, index);
  }
}

void RelayEngine::take_attempted(Attempt& attempt, const Delivery& delivery) {
  if (delivery.error && delivery.error->code == ErrorCode::destination_unavailable &&
      !attempt.follows_refused(index_of(delivery.tag))) {
    pause_destination(*delivery.error);
  }
  attempt.take(delivery);
}

void RelayEngine::note_refusal(const Record& record, std::string_view topic, const Error& error) {
  if (error.code != ErrorCode::topic_unavailable) {
    observer_.rejected(record, topic, error);
  } else if (topics_.failed(record, error, clock_.now())) {
    observer_.topic_failed(record, topic, error);
  }
}

// The message becomes the head of its key, or waits behind the one that already is, or leaves its
// key's way.
void RelayEngine::refuse(WindowBatch& batch, std::size_t index, const Error& error) {
  const Record& record = batch.batch.records[index];
  if (gate_.blocks(record.key, record.seq)) {
    window_.hold(batch, index);
    return;
  }
  const time_point now = clock_.now();
  if (error.code == ErrorCode::topic_unavailable) {
    // Whoever takes over looks at once whether a topic is still held.
    const time_point end = topics_.is_held(record) ? now : topics_.end(record, now);
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(end - now);
    gate_.block_unsettled(
        FailedHead{record.seq, record.shard, std::string{record.key}, 0, wait, error.message});
    window_.hold(batch, index);
    return;
  }
  FailedHead head{
      record.seq,   record.shard, std::string{record.key}, 1, policy_.next_delay(1, error),
      error.message};
  head.parked = options_.poison.gives_up(1);
  if (mutant::on(Mutant::skip_before_stored) && options_.poison.action == PoisonAction::skip) {
    DetachedMessage dead{head.seq, head.shard, std::move(head.key), 1};
    dead.dead = true;
    window_.detach(batch, index, std::move(dead));
    return;
  }
  gate_.block_unsettled(std::move(head));
  window_.hold(batch, index);
}

void RelayEngine::pause_destination(const Error& error) {
  if (paused_) {
    return;
  }
  paused_ = true;
  observer_.destination_failed(error);
  resume_at_ = clock_.now();
  // A sink may have to take back what was on its way with a message that is refused
  // (docs/adr/0003). That is no outage, so it goes again as soon as all of it has come back.
  if (!std::exchange(refused_, false)) {
    ++destination_failures_;
    resume_at_ += destination_backoff_.next_delay(destination_failures_, error);
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
    cut_attempts_short();
    return;
  }
  // The attempts go first: the window could keep the sink full for ever. A sink that takes no more
  // is not asked again before its deliveries were taken, as a failure may be among them.
  if (send_attempts()) {
    window_.send(sink_, {gate_, topics_, clock_.now()},
                 [this](WindowBatch& batch, std::size_t index, const Error& error) {
                   note_refusal(batch.batch.records[index], {}, error);
                   refuse(batch, index, error);
                 });
  }
  if (!behind_) {
    hurry();
  }
}

void RelayEngine::cut_attempts_short() {
  if (attempt_) {
    attempt_->attempt().abandon_unsent();
  }
  if (due_) {
    due_->attempt().abandon_unsent();
  }
}

bool RelayEngine::send_attempts() {
  const auto refused = [this](const Record& record, const Error& error) {
    note_refusal(record, {}, error);
  };
  const time_point now = clock_.now();
  return (!attempt_ || attempt_->attempt().send(sink_, topics_, now, refused)) &&
         (!due_ || due_->attempt().send(sink_, topics_, now, refused));
}

// Each settlement is a transaction of the source's, which many messages can share. What was read
// waits for it only where there is no more room.
bool RelayEngine::has_to_settle() const {
  return (attempt_ && attempt_->attempt().done()) || (due_ && due_->attempt().done()) ||
         !wants_batch() || clock_.now() - last_settlement_ >= options_.settle_interval;
}

std::optional<Settlement> RelayEngine::next_settlement() {
  if (!has_to_settle()) {
    return std::nullopt;
  }
  Settlement settlement;
  ChangedKeys changed;
  while (window_.front_done()) {
    collect_front(settlement, changed);
  }
  if (attempt_ && attempt_->attempt().done()) {
    collect_attempt(settlement, changed);
  }
  if (due_ && due_->attempt().done()) {
    collect_due(settlement);
  }
  for (const auto& [key, shard] : changed) {
    const SeqRange waiting =
        mutant::on(Mutant::held_range_dropped) ? SeqRange{} : gate_.waiting(key);
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
  settlement.detached.insert(settlement.detached.end(),
                             std::make_move_iterator(front.detached.begin()),
                             std::make_move_iterator(front.detached.end()));
  for (std::size_t i = 0; i < front.states.size(); ++i) {
    if (front.states[i] != RecordState::held) {
      continue;
    }
    const Record& record = front.batch.records[i];
    if (std::optional<FailedHead> head = gate_.settle_head(record.key, record.seq, clock_.now())) {
      if (head->attempts == 0 && topics_.is_held(record)) {
        gate_.postpone(record.key, time_point::max());
      }
      settle_failed(*std::move(head), settlement);
    } else {
      gate_.wait_behind(record.key, record.seq);
      changed.insert_or_assign(std::string{record.key}, record.shard);
    }
  }
}

// A skipped message leaves its key's way only now that its death is stored with this settlement:
// were it forgotten, it could arrive after those that follow it.
void RelayEngine::settle_failed(FailedHead head, Settlement& settlement) {
  if (mutant::on(Mutant::position_past_failure)) {
    return;
  }
  if (!head.parked || options_.poison.action != PoisonAction::skip) {
    settlement.failed.push_back(std::move(head));
    return;
  }
  gate_.head_done(head.key, clock_.now());
  DetachedMessage dead{head.seq, head.shard, std::move(head.key), head.attempts};
  dead.error = std::move(head.error);
  dead.dead = true;
  settlement.detached.push_back(std::move(dead));
}

void RelayEngine::collect_attempt(Settlement& settlement, ChangedKeys& changed) {
  attempt_->finish(settlement, changed, gate_, attempt_terms());
  for (const HeldRange& range : attempt_->ranges()) {
    if (gate_.release_if_done(range.key)) {
      window_.release(range.key);
    }
  }
  attempt_.reset();
}

void RelayEngine::collect_due(Settlement& settlement) {
  due_->finish(settlement, attempt_terms());
  due_.reset();
}

AttemptTerms RelayEngine::attempt_terms() {
  const time_point now = clock_.now();
  return {options_.poison, policy_, topics_, now, paused_ ? std::max(now, resume_at_) : now};
}

RelayEngine::time_point RelayEngine::next_wakeup() const {
  time_point next = time_point::max();
  if (done_through_ > settled_through_) {
    next = last_settlement_ + options_.idle_store_interval;
  }
  if (window_.front_done()) {
    next = std::min(next, last_settlement_ + options_.settle_interval);
  }
  if (paused_) {
    return in_flight() == 0 ? std::min(next, resume_at_) : next;
  }
  if (!attempt_) {
    next = std::min(next, gate_.next_due());
  }
  if (!due_) {
    next = std::min(next, next_due_look_);
  }
  return std::min(next, sink_.resume_at().value_or(next));
}

}  // namespace outbox
