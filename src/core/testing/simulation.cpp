#include "core/testing/simulation.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace outbox {
namespace {

using std::chrono::milliseconds;

constexpr int kFaultySteps = 1'000;
constexpr int kStepsToRecover = 20'000;
constexpr int kOpenWriters = 4;

}  // namespace

Simulation::Simulation(std::uint64_t seed)
    : random_(seed),
      policy_({milliseconds{1}, milliseconds{40}}, seed),
      sink_(std::uniform_int_distribution<std::size_t>{1, 30}(random_)) {
  keys_ = pick(1, 6);
  rows_ = pick(20, 150);
  batch_limit_ = pick(1, 10);
  faults_percent_ = static_cast<int>(pick(0, 6));
  options_.max_batches = pick(1, 4);
  options_.attempts_at_once = pick(1, 4);
  options_.waiting_at_once = pick(1, 5);
  options_.idle_store_interval = milliseconds{50};
  options_.destination_backoff = {milliseconds{1}, milliseconds{30}};
  options_.seed = seed;
  make_poison();
  source_.limit_exception_records(pick(1, 12));
  source_.set_acknowledged([this](std::int64_t seq) { return sink_.acknowledged(seq); });
  source_.set_fault([this](FakeSource::Call call) { return source_fault(call); });
  sink_.delay_deliveries(true);
  sink_.stall_after_failures(true);
  sink_.refuse_if([this](std::int64_t seq) {
    const bool refused = chance(50) && is_poisoned(seq);
    if (refused) {
      fault("message refused by the sink");
    }
    return refused;
  });
  start_relay();
}

// Up to a fifth of the messages are rejected a few times; in some runs one is rejected for ever.
void Simulation::make_poison() {
  const auto poisoned = static_cast<int>(pick(0, 20));
  for (std::size_t seq = 1; seq <= rows_; ++seq) {
    if (chance(poisoned)) {
      rejections_[static_cast<std::int64_t>(seq)] = static_cast<int>(pick(1, 4));
    }
  }
  if (chance(30)) {
    always_rejected_ = static_cast<std::int64_t>(pick(1, rows_));
  }
  // A key that is blocked for ever must leave room for another one.
  options_.max_blocked_keys = pick(always_rejected_ ? 2 : 1, 6);
}

SimulationResult Simulation::run() {
  for (int i = 0; i < kFaultySteps && result_.problems.empty(); ++i) {
    step();
    check_bounds();
  }
  finish();
  check_order();
  check_end();
  for (std::string& violation : source_.violations()) {
    problem(std::move(violation));
  }
  for (const SeqAndKey& row : sink_.arrivals()) {
    trace(static_cast<std::uint64_t>(row.seq));
  }
  for (const std::int64_t seq : source_.receipts()) {
    trace(static_cast<std::uint64_t>(seq));
  }
  return std::move(result_);
}

// FNV-1a over the value's bytes (Fowler, Noll, Vo).
void Simulation::trace(std::uint64_t value) {
  constexpr std::uint64_t kPrime = 0x100000001b3;
  for (int byte = 0; byte < 8; ++byte) {
    result_.trace_hash = (result_.trace_hash ^ (value & 0xFFU)) * kPrime;
    value >>= 8U;
  }
}

bool Simulation::chance(int percent) {
  return pick(0, 99) < static_cast<std::size_t>(percent);
}

std::size_t Simulation::pick(std::size_t from, std::size_t to) {
  const auto picked = std::uniform_int_distribution<std::size_t>{from, to}(random_);
  trace(picked);
  return picked;
}

std::string Simulation::key_name(std::size_t index) const {
  return std::string(1, static_cast<char>('a' + index));
}

void Simulation::step() {
  ++result_.steps;
  switch (pick(0, 9)) {
    case 0:
    case 1:
      write();
      break;
    case 2:
      commit_one();
      break;
    case 3:
    case 4:
    case 5:
      relay_turn();
      break;
    case 6:
    case 7:
      destination_step();
      break;
    case 8:
      clock_.advance(milliseconds{pick(0, 15)});
      break;
    default:
      if (!chance(faults_percent_ * 10)) {
        break;
      }
      switch (pick(0, 3)) {
        case 0:
          kill_relay();
          break;
        case 1:
          lose_source();
          break;
        default:
          break_destination();
      }
  }
}

void Simulation::write() {
  if (written_.size() >= rows_ || writers_.size() >= kOpenWriters) {
    return;
  }
  Writer writer{key_name(pick(0, keys_ - 1)), {}};
  if (std::any_of(writers_.begin(), writers_.end(),
                  [&](const Writer& open) { return open.key == writer.key; })) {
    return;
  }
  for (std::size_t i = pick(1, 3); i > 0 && written_.size() < rows_; --i) {
    writer.seqs.push_back(source_.begin(writer.key));
    written_[writer.seqs.back()] = writer.key;
  }
  writers_.push_back(std::move(writer));
}

void Simulation::commit_one() {
  if (writers_.empty()) {
    return;
  }
  const auto writer = writers_.begin() + static_cast<std::ptrdiff_t>(pick(0, writers_.size() - 1));
  for (const std::int64_t seq : writer->seqs) {
    source_.commit(seq);
  }
  writers_.erase(writer);
}

// As Relay does it.
void Simulation::relay_turn() {
  engine_->take(queue_->wait(milliseconds{0}));
  if (!read_batches() || !read_exceptions()) {
    lose_source();
    return;
  }
  if (chance(30)) {
    destination_step();  // the sink's threads do not wait for the relay's
  }
  engine_->send();
  settle();
}

bool Simulation::read_batches() {
  while (engine_->wants_batch() && chance(70)) {
    Result<Batch> batch = source_.claim(batch_limit_);
    if (!batch) {
      return false;
    }
    engine_->add(*std::move(batch));
  }
  return true;
}

bool Simulation::read_exceptions() {
  std::vector<HeldRange> ranges = engine_->due_exceptions();
  if (ranges.empty()) {
    return true;
  }
  Result<Batch> batch = source_.claim_exceptions(ranges, options_.waiting_at_once);
  if (!batch) {
    return false;
  }
  engine_->add_exceptions(std::move(ranges), *std::move(batch));
  return true;
}

void Simulation::settle() {
  if (const std::optional<Settlement> settlement = engine_->next_settlement()) {
    if (!source_.settle(*settlement)) {
      lose_source();
    }
  }
}

void Simulation::destination_step() {
  for (std::size_t i = pick(0, 8); i > 0; --i) {
    decide_one();
  }
  for (std::size_t i = pick(0, 8); i > 0 && sink_.delayed() > 0; --i) {
    const std::size_t index = pick(0, sink_.delayed() - 1);
    if (index > 0) {
      fault("delivery told out of order");
    }
    sink_.push_delivery(index);
  }
}

// The oldest message of any key, as messages of one key arrive in order.
void Simulation::decide_one() {
  std::vector<std::int64_t> oldest;
  std::set<std::string> seen;
  for (const SeqAndKey& row : sink_.accepted()) {
    if (seen.insert(row.key).second) {
      oldest.push_back(row.seq);
    }
  }
  if (oldest.empty()) {
    return;
  }
  const std::int64_t seq = oldest[pick(0, oldest.size() - 1)];
  if (is_poisoned(seq)) {
    sink_.reject(seq);
    fault("message rejected by the destination");
  } else {
    sink_.deliver(seq);
  }
}

// Of some keys, or of all, everything that is under way fails.
void Simulation::break_destination() {
  const bool everything = chance(50);
  std::set<std::string> seen;
  for (const SeqAndKey& row : sink_.accepted()) {
    if (seen.insert(row.key).second && (everything || chance(50))) {
      const bool arrives = !is_poisoned(row.seq) && chance(50);
      sink_.fail(row.seq, arrives);
      fault(arrives ? "destination failed, the message arrived all the same"
                    : "destination failed");
    }
  }
}

void Simulation::kill_relay() {
  fault(engine_->in_flight() > 0 ? "relay killed with messages in flight" : "relay killed idle");
  for (std::size_t i = pick(0, 5); i > 0 && !sink_.accepted().empty(); --i) {
    const std::int64_t seq = sink_.accepted().front().seq;
    if (is_poisoned(seq)) {
      break;
    }
    sink_.arrive_unseen(seq);
    fault("message arrived for a relay that was killed");
  }
  sink_.close();
  source_.close();
  crash_database();
  start_relay();
}

// What was committed without waiting for the disk is lost.
void Simulation::crash_database() {
  if (faults_ && chance(30) && source_.lose_newest_settlements(pick(1, 3)) > 0) {
    fault("database crashed and lost settlements");
  }
}

// The relay stays, and so does what the sink has accepted.
void Simulation::lose_source() {
  source_.close();
  crash_database();
  if (engine_->in_flight() > 0) {
    fault("source lost with messages in flight");
  }
  Result<Exceptions> exceptions = source_.connect();
  while (!exceptions) {
    exceptions = source_.connect();
  }
  engine_->restart(*exceptions);
}

void Simulation::start_relay() {
  queue_ = std::make_unique<DeliveryQueue>();
  engine_ = std::make_unique<RelayEngine>(options_, sink_, policy_, clock_, observer_);
  static_cast<void>(sink_.connect(*queue_));
  lose_source();
}

std::optional<Error> Simulation::source_fault(FakeSource::Call call) {
  if (!faults_ || !chance(faults_percent_ / 2)) {
    return std::nullopt;
  }
  switch (call) {
    case FakeSource::Call::connect:
      fault("source refused the connection");
      break;
    case FakeSource::Call::claim:
    case FakeSource::Call::claim_exceptions:
      fault("source failed while reading");
      break;
    case FakeSource::Call::settled:
      fault("settlement stored, its answer lost");
      break;
    default:
      fault("settlement not stored");
  }
  return Error{ErrorCode::source_unavailable, "the database is away"};
}

bool Simulation::is_poisoned(std::int64_t seq) {
  if (seq == always_rejected_) {
    return true;
  }
  const auto found = rejections_.find(seq);
  return found != rejections_.end() && found->second-- > 0;
}

void Simulation::finish() {
  faults_ = false;
  for (int i = 0; i < kStepsToRecover && result_.problems.empty() && !complete(); ++i) {
    ++result_.steps;
    write();
    commit_one();
    relay_turn();
    destination_step();
    clock_.advance(milliseconds{pick(0, 15)});
    check_bounds();
  }
}

bool Simulation::complete() const {
  if (written_.size() < rows_ || !writers_.empty()) {
    return false;
  }
  const std::string poisoned_key = always_rejected_ ? written_.at(*always_rejected_) : "";
  std::size_t expected = 0;
  for (const auto& [seq, key] : written_) {
    expected += always_rejected_ && key == poisoned_key && seq >= *always_rejected_ ? 0U : 1U;
  }
  return source_.receipt_count() == expected && engine_->in_flight() == 0;
}

void Simulation::check_bounds() {
  if (source_.unsettled_batches() > options_.max_batches) {
    problem("more batches are read than the window has room for");
  }
  if (engine_->in_flight() >
      options_.max_batches * batch_limit_ + options_.attempts_at_once * options_.waiting_at_once) {
    problem("more messages are in flight than window and attempt have room for");
  }
  if (engine_->blocked_keys() > options_.max_blocked_keys + options_.max_batches * batch_limit_) {
    problem("more keys are blocked than the gate has room for");
  }
}

void Simulation::check_order() {
  std::set<std::int64_t> arrived;
  std::map<std::string, std::int64_t> newest;
  for (const auto& [seq, key] : sink_.arrivals()) {
    if (!arrived.insert(seq).second) {
      continue;
    }
    if (seq < newest[key]) {
      problem("key " + key + ": " + std::to_string(seq) + " first arrived after " +
              std::to_string(newest[key]));
    }
    newest[key] = std::max(newest[key], seq);
  }
}

void Simulation::check_end() {
  if (!complete()) {
    problem("not everything was delivered: " + std::to_string(source_.receipt_count()) + " of " +
            std::to_string(rows_));
  }
  const Exceptions left = source_.exceptions();
  const std::string allowed = always_rejected_ ? written_[*always_rejected_] : "";
  for (const FailedHead& head : left.heads) {
    if (head.key != allowed) {
      problem("key " + head.key + " still has the head " + std::to_string(head.seq));
    }
  }
  for (const HeldRange& range : left.held) {
    if (range.key != allowed) {
      problem("still waiting: " + to_string(range));
    }
  }
}

void Simulation::problem(std::string text) {
  result_.problems.push_back(std::move(text));
}

}  // namespace outbox
