#include "tests/simulation/sim_operator.hpp"

#include <string>
#include <vector>

#include "core/testing/records.hpp"

namespace outbox::simulation {

using State = OutboxModel::State;

void SimOperator::act() {
  switch (world_.dice.pick(0, 13)) {
    case 0:
    case 1:
    case 2:
      redrive(false);
      break;
    case 3:
      redrive(true);
      break;
    case 4:
      discard();
      break;
    case 5:
    case 6:
      replay();
      break;
    case 7:
      world_.model->raise_revision();
      world_.fault("operator had the exceptions read again");
      break;
    case 8:
      pause();
      break;
    case 9:
    case 10:
      pause_topic();
      break;
    default:
      tend_shard();
  }
}

void SimOperator::pause() {
  const bool pauses = world_.paused_since == std::chrono::nanoseconds::max();
  world_.model->pause(pauses);
  world_.paused_since = pauses ? world_.now : std::chrono::nanoseconds::max();
  if (pauses) {
    world_.fault("operator paused delivery");
  }
}

void SimOperator::pause_topic() {
  const std::string topic = world_.dice.chance(50) ? "order" : "invoice";
  const bool pauses = !world_.topics_paused_since.contains(topic);
  world_.model->pause_topic(topic, pauses);
  if (pauses) {
    world_.topics_paused_since[topic] = world_.now;
    world_.fault("operator paused a topic");
  } else {
    world_.topics_paused_since.erase(topic);
    world_.fault("operator let a topic go on");
  }
}

// One of those that the keys of the simulation have.
void SimOperator::tend_shard() {
  const auto& rows = world_.model->rows();
  if (rows.empty()) {
    return;
  }
  const auto seq = static_cast<std::int64_t>(world_.dice.pick(1, rows.size()));
  const std::size_t shard = test_shard_of(rows.at(seq).written.key);
  if (world_.dice.chance(30)) {
    if (paused_shards_.insert(shard).second) {
      world_.model->pause_shard(shard, true);
      world_.fault("operator paused a shard");
    } else {
      paused_shards_.erase(shard);
      world_.model->pause_shard(shard, false);
      world_.fault("operator let a shard go on");
    }
  } else if (world_.dice.chance(50)) {
    if (world_.model->release_shard(shard)) {
      world_.fault("operator had a shard released");
    }
  } else {
    const std::vector<OutboxModel::Member> members = world_.model->look({}).members;
    if (!members.empty() &&
        world_.model->move_shard(shard, members[world_.dice.pick(0, members.size() - 1)].owner)) {
      world_.fault("operator moved a shard to a relay");
    }
  }
}

void SimOperator::resume() {
  world_.model->pause(false);
  world_.paused_since = std::chrono::nanoseconds::max();
  for (const auto& [topic, since] : world_.topics_paused_since) {
    world_.model->pause_topic(topic, false);
  }
  world_.topics_paused_since.clear();
  for (const std::size_t shard : paused_shards_) {
    world_.model->pause_shard(shard, false);
  }
  paused_shards_.clear();
}

std::optional<std::int64_t> SimOperator::any_exception(State state) {
  std::vector<std::int64_t> seqs;
  for (const auto& [seq, exception] : world_.model->exceptions_by_seq()) {
    if (exception.state == state) {
      seqs.push_back(seq);
    }
  }
  return seqs.empty() ? std::nullopt : std::optional{seqs[world_.dice.pick(0, seqs.size() - 1)]};
}

void SimOperator::redrive(bool edited) {
  const std::optional<std::int64_t> seq = any_exception(State::dead);
  if (!seq) {
    return;
  }
  const bool parked = world_.model->exceptions_by_seq().at(*seq).holds_key;
  if (edited && world_.model->edit(*seq, "edited")) {
    world_.fault("operator edited a dead message");
  }
  if (world_.model->redrive(*seq)) {
    world_.fault(parked ? "operator redrove a parked message"
                        : "operator redrove a skipped message");
  }
}

void SimOperator::discard() {
  const std::optional<std::int64_t> seq =
      any_exception(world_.dice.chance(50) ? State::dead : State::retrying);
  if (seq && world_.model->discard(*seq)) {
    world_.fault("operator discarded a message");
  }
}

void SimOperator::replay() {
  const std::vector<std::int64_t> receipts = world_.model->receipts();
  if (receipts.empty()) {
    return;
  }
  const std::int64_t seq = receipts[world_.dice.pick(0, receipts.size() - 1)];
  const auto later = static_cast<std::int64_t>(world_.dice.pick(0, 50'000));
  if (world_.model->replay(seq, world_.wall_us() + later)) {
    world_.fault("operator replayed a delivered message");
  }
}

}  // namespace outbox::simulation
