#include "tests/simulation/sim_operator.hpp"

#include <string>
#include <vector>

namespace outbox::simulation {

using State = OutboxModel::State;

void SimOperator::act() {
  switch (world_.dice.pick(0, 8)) {
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
    default:
      if (world_.paused_since == std::chrono::nanoseconds::max()) {
        world_.model->pause(true);
        world_.paused_since = world_.now;
        world_.fault("operator paused delivery");
      } else {
        resume();
      }
  }
}

void SimOperator::resume() {
  world_.model->pause(false);
  world_.paused_since = std::chrono::nanoseconds::max();
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
