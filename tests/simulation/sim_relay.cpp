#include "tests/simulation/sim_relay.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace outbox::simulation {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using Call = FakeSource::Call;

SimRelay::SimRelay(World& world, Oracle& oracle, std::string owner, std::function<void()> stall)
    : world_(world),
      oracle_(oracle),
      owner_(std::move(owner)),
      stall_(std::move(stall)),
      policy_({milliseconds{1}, milliseconds{40}}, world.settings.engine.seed),
      group_(world, owner_),
      source_(world.model, owner_, &group_),
      transactions_(world.coordinator, owner_),
      judge_(world.coordinator, [this] { return judge_fault(); }),
      sink_(std::make_unique<FakeSink>(
          world.settings.exactly_once ? transactions_.staging() : world.destination,
          world.settings.sink_capacity)),
      engine_(world.settings.engine, *sink_, policy_, world.clock, *this),
      transaction_(world.settings.exactly_once
                       ? std::optional<RelayTransaction>(
                             std::in_place, source_, source_, transactions_, world.clock,
                             static_cast<RelayObserver&>(*this), world.settings.transaction)
                       : std::nullopt),
      session_(source_, engine_, world.clock, *this, transaction_ ? &*transaction_ : nullptr) {
  if (transaction_) {
    send_in_transactions();
  }
  source_.limit_exception_records(world.settings.exception_records);
  source_.set_fault([this](Call call) { return source_fault(call); });
  sink_->delay_deliveries(true);
  sink_->stall_after_failures(true);
  sink_->watch([this](const Record& record) { sending(record); });
  sink_->refuse_with([this](std::int64_t seq) {
    if (std::optional<Error> known = transactions_.refusal(seq)) {
      world_.fault("message refused that had spoilt a transaction");
      return known;
    }
    std::optional<Error> refusal =
        world_.dice.chance(50) ? world_.refusal(seq) : std::optional<Error>{};
    if (refusal) {
      world_.fault(refusal->code == ErrorCode::topic_unavailable ? "topic refused by the sink"
                                                                 : "message refused by the sink");
    }
    return refusal;
  });
  static_cast<void>(sink_->connect(queue_));
}

void SimRelay::send_in_transactions() {
  source_.set_judge(&judge_);
  transactions_.set_fate([this] { return fate_of_commit(); });
  transactions_.set_abort_fails([this] { return world_.faulty() && world_.dice.chance(50); });
  transactions_.on_reset([this] { sink_->forget(); });
}

std::optional<Error> SimRelay::judge_fault() {
  if (!world_.faulty() || !world_.dice.chance(30)) {
    return std::nullopt;
  }
  world_.fault("nobody told what became of transactions");
  return Error{ErrorCode::destination_unavailable, "the broker is away"};
}

FakeTransactionalSink::Fate SimRelay::fate_of_commit() {
  using Fate = FakeTransactionalSink::Fate;
  if (stall_next_ != Stall::none) {
    stall_now();
  }
  if (!world_.fault_chance(world_.settings.faults_percent * 5)) {
    return Fate::commits;
  }
  switch (world_.dice.pick(0, 4)) {
    case 0:
      world_.fault("transaction aborted");
      return Fate::aborts;
    case 1:
      world_.fault("transaction committed, its answer lost");
      return Fate::answer_lost;
    case 2:
      return Fate::late;
    case 3:
      world_.fault("transaction not committed, nobody told");
      return Fate::never;
    default:
      return Fate::commits;
  }
}

void SimRelay::take_deliveries() {
  std::vector<Delivery> deliveries = queue_.wait(milliseconds{0});
  if (transaction_) {
    transactions_.keep_failures(deliveries);
  }
  engine_.take(deliveries);
}

void SimRelay::tick() {
  const bool stands_still = in_call_ && stall_next_ == Stall::process;
  if (!frozen() && !stands_still) {
    group_.tick(world_.now < std::max(cut_off_until_, mute_until_));
  }
}

void SimRelay::turn() {
  if (frozen() || in_call_ || gone_) {
    return;
  }
  if (!serving_) {
    connect();
    return;
  }
  take_deliveries();
  if (draining_) {
    drain();
    return;
  }
  feed_error_.reset();
  const Result<bool> goes_on = session_.turn(*this);
  if (!goes_on) {
    failed(goes_on.error());
  } else if (!*goes_on || leaving_) {
    draining_ = true;
    const bool calm = world_.settings.faults_percent == 0;
    drain_ends_ = world_.now + (calm ? milliseconds{60'000} : world_.dice.pick_ms(20, 2'000));
  }
}

void SimRelay::connect() {
  if (leaving_) {
    end_connection();
    return;
  }
  if (world_.now < next_connect_) {
    return;
  }
  const Result<Exceptions> exceptions = source_.connect();
  if (!exceptions) {
    source_.close();
    next_connect_ = world_.now + world_.dice.pick_ms(1, 10);
    return;
  }
  if (const Result<void> begun = session_.begin(*exceptions); !begun) {
    failed(begun.error());
    return;
  }
  serving_ = true;
}

void SimRelay::drain() {
  if (!session_.drained() && world_.now < drain_ends_) {
    if (const Result<void> done = session_.drain_turn(); !done) {
      failed(done.error());
    }
    return;
  }
  if (session_.drained() && !engine_.idle()) {
    world_.fault("drained while paused, what was not sent is read again");
    const auto& rows = world_.model->rows();
    world_.newest_when_cut = rows.empty() ? 0 : rows.rbegin()->first;
  }
  world_.fault(session_.drained() ? "drained, then connected again" : "drain ended at its timeout");
  end_connection();
}

void SimRelay::end_connection() {
  session_.end();
  source_.close();
  serving_ = false;
  draining_ = false;
  connection_tag_ = newest_tag_;
  if (leaving_) {
    sink_->close();
    group_.leave();
    source_.leave();
    gone_ = true;
    world_.fault("relay left, its shards handed over at once");
  }
}

void SimRelay::failed(const Error& error) {
  if (error.code == ErrorCode::not_owner) {
    world_.fault(error.message == OutboxModel::kTakenOver
                     ? "settlement refused, the relay no longer owned its shards"
                     : "relay noticed that its lease was over");
  }
  if (engine_.in_flight() > 0) {
    world_.fault("source lost with messages in flight");
  }
  session_.end();
  source_.close();
  serving_ = false;
  draining_ = false;
  connection_tag_ = newest_tag_;
  next_connect_ = world_.now + world_.dice.pick_ms(0, 10);
}

void SimRelay::lose_source() {
  if (serving_) {
    failed(Error{ErrorCode::source_unavailable, "the connection was cut"});
  }
}

std::optional<Batch> SimRelay::take() {
  if (!world_.dice.chance(70)) {
    return std::nullopt;  // the reader has not got it yet
  }
  Result<Batch> batch = source_.claim(world_.settings.batch_limit);
  if (!batch) {
    feed_error_ = batch.error();
    return std::nullopt;
  }
  if (world_.dice.chance(30)) {
    destination_step();  // the sink's threads do not wait for the relay's
  }
  return *std::move(batch);
}

void SimRelay::destination_step() {
  for (std::size_t i = world_.dice.pick(0, 8); i > 0; --i) {
    decide_one();
  }
  if (frozen()) {
    return;  // nobody takes what the destination tells
  }
  for (std::size_t i = world_.dice.pick(0, 8); i > 0 && sink_->delayed() > 0; --i) {
    const std::size_t index = world_.dice.pick(0, sink_->delayed() - 1);
    if (index > 0) {
      world_.fault("delivery told out of order");
    }
    if (sink_->push_delivery(index) <= connection_tag_) {
      world_.fault("delivery told late, its connection was over");
    }
  }
}

// The oldest message of any key, as messages of one key arrive in order.
void SimRelay::decide_one() {
  const std::vector<std::int64_t> oldest = sink_->oldest_of_keys();
  if (oldest.empty()) {
    return;
  }
  const std::int64_t seq = oldest[world_.dice.pick(0, oldest.size() - 1)];
  if (std::optional<Error> refusal = world_.refusal(seq)) {
    world_.fault(refusal->code == ErrorCode::topic_unavailable
                     ? "topic refused by the destination"
                     : "message refused by the destination");
    sink_->reject(seq, *std::move(refusal));
    return;
  }
  if (frozen()) {
    world_.fault("message of a frozen relay arrived");
  }
  sink_->deliver(seq);
}

// Of some keys, or of all, everything that is under way fails.
void SimRelay::break_destination() {
  const bool everything = world_.dice.chance(50);
  for (const std::int64_t seq : sink_->oldest_of_keys()) {
    if (everything || world_.dice.chance(50)) {
      const bool arrives = world_.dice.chance(50) && !world_.refusal(seq);
      sink_->fail(seq, arrives);
      world_.fault(arrives ? "destination failed, the message arrived all the same"
                           : "destination failed");
    }
  }
}

std::unique_ptr<FakeSink> SimRelay::die() {
  world_.fault(engine_.in_flight() > 0 ? "relay killed with messages in flight"
                                       : "relay killed idle");
  sink_->abandon();
  return std::move(sink_);
}

void SimRelay::stall_in_next_call(bool whole_process) {
  stall_next_ = whole_process ? Stall::process : Stall::call;
}

std::optional<Error> SimRelay::source_fault(Call call) {
  if (world_.now < cut_off_until_) {
    world_.fault("database out of reach");
    return Error{ErrorCode::source_unavailable, "the database cannot be reached"};
  }
  if (stall_next_ != Stall::none && call != Call::connect && call != Call::settled) {
    stall_now();
  }
  if (!world_.faulty() || !world_.dice.chance(40)) {
    return std::nullopt;
  }
  switch (call) {
    case Call::connect:
      world_.fault("source refused the connection");
      break;
    case Call::settled:
      world_.fault("settlement stored, its answer lost");
      break;
    case Call::settle:
      world_.fault("settlement not stored");
      break;
    default:
      world_.fault("source failed while reading");
  }
  return Error{ErrorCode::source_unavailable, "the database is away"};
}

void SimRelay::stall_now() {
  const bool process = stall_next_ == Stall::process;
  world_.fault(process ? "process stood still in a call" : "database answered after a lease");
  in_call_ = true;
  if (!process) {
    stall_next_ = Stall::none;
  }
  stall_();
  stall_next_ = Stall::none;
  in_call_ = false;
}

void SimRelay::sending(const Record& record) {
  newest_tag_ = std::max(newest_tag_, record.tag);
  transactions_.accepted(record);
  const auto topic = world_.topics_paused_since.find(record.aggregate_type);
  const bool topic_paused =
      topic != world_.topics_paused_since.end() && group_.looked_at() > topic->second;
  oracle_.sending(
      record, {owner_, source_.fence(), group_.judged_at() > world_.paused_since, topic_paused});
}

void SimRelay::check_bounds() {
  if (in_call_ || !serving_) {
    return;
  }
  const EngineOptions& options = world_.settings.engine;
  if (!transaction_ && source_.unsettled_batches() > options.max_batches) {
    world_.problem("more batches are read than the window has room for");
  }
  if (engine_.in_flight() > options.max_batches * world_.settings.batch_limit +
                                options.attempts_at_once * options.waiting_at_once +
                                options.due_at_once) {
    world_.problem("more messages are in flight than window and attempts have room for");
  }
  if (engine_.blocked_keys() >
      options.max_blocked_keys + options.max_batches * world_.settings.batch_limit) {
    world_.problem("more keys are blocked than the gate has room for");
  }
}

}  // namespace outbox::simulation
