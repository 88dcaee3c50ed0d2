#include "tests/simulation/oracle.hpp"

namespace outbox::simulation {

using State = OutboxModel::State;

Oracle::Oracle(World& world) : world_(world) {
  world.destination->watch([this](const SeqAndKey& row, bool first) { arrived(row, first); });
}

void Oracle::sending(const Record& record, const Sender& sender) {
  const std::string what = "message " + std::to_string(record.seq) + " of key " +
                           std::string{record.key} + " is sent by " + sender.name;
  if (((sender.fence.shards >> record.shard) & 1U) == 0 || !world_.model->holds(sender.fence)) {
    world_.problem(what + ", which no longer owns its shards");
  }
  if (sender.knows_of_pause) {
    world_.problem(what + " while an operator has paused delivery");
  }
  if (sender.knows_of_topic_pause) {
    world_.problem(what + " while an operator has paused its topic");
  }
  if (world_.model->rows().at(record.seq).written.due_at_us > world_.latest_wall_us()) {
    world_.problem(what + " before it is due");
  }
  const auto& exceptions = world_.model->exceptions_by_seq();
  const auto exception = exceptions.find(record.seq);
  if (exception != exceptions.end() && exception->second.state == State::dead) {
    world_.problem(what + " although it was given up");
  }
}

// A message first arrives when every earlier one of its key has, but for those that left its order.
void Oracle::arrived(const SeqAndKey& row, bool first) {
  world_.dice.trace(static_cast<std::uint64_t>(row.seq));
  const auto& rows = world_.model->rows();
  const OutboxModel::Row& arrival = rows.at(row.seq);
  if (!arrival.visible) {
    world_.problem("message " + std::to_string(row.seq) + " arrived, and was never committed");
  }
  if (world_.settings.exactly_once && ++arrivals_[row.seq] > 1 + arrival.replays) {
    world_.problem("message " + std::to_string(row.seq) + " was committed twice");
  }
  if (!first) {
    if (world_.settings.faults_percent == 0 && !arrival.apart && row.seq > world_.newest_when_cut) {
      world_.problem("message " + std::to_string(row.seq) + " arrived twice without any fault");
    }
    return;
  }
  if (arrival.apart) {
    return;
  }
  for (auto next = rows.upper_bound(known_); next != rows.end(); ++next) {
    seqs_[next->second.written.key].push_back(next->first);
    known_ = next->first;
  }
  const std::vector<std::int64_t>& seqs = seqs_.at(row.key);
  std::size_t& settled = settled_[row.key];
  const auto need_not_wait = [&](std::int64_t seq) {
    const OutboxModel::Row& earlier = rows.at(seq);
    return earlier.apart || !earlier.visible || world_.destination->arrived(seq);
  };
  while (settled < seqs.size() && seqs[settled] < row.seq && need_not_wait(seqs[settled])) {
    ++settled;
  }
  if (settled < seqs.size() && seqs[settled] < row.seq) {
    world_.problem("key " + row.key + ": message " + std::to_string(row.seq) +
                   " first arrived before the earlier " + std::to_string(seqs[settled]));
  }
}

bool Oracle::waits_for_ever(std::int64_t seq, const OutboxModel::Row& row) const {
  for (const auto& [other, exception] : world_.model->exceptions_by_seq()) {
    const bool for_ever = exception.state == State::dead || world_.is_poison_for_ever(other);
    if (exception.holds_key && for_ever && other <= seq &&
        world_.model->rows().at(other).written.key == row.written.key) {
      return other == seq || world_.model->is_held(seq);
    }
  }
  return false;
}

bool Oracle::ended(std::int64_t seq, const OutboxModel::Row& row) const {
  if (!row.visible) {
    return true;
  }
  const auto& exceptions = world_.model->exceptions_by_seq();
  if (const auto found = exceptions.find(seq); found != exceptions.end()) {
    const State state = found->second.state;
    return state == State::dead || state == State::discarded || world_.is_poison_for_ever(seq);
  }
  return row.receipt ? row.passed : waits_for_ever(seq, row);
}

bool Oracle::complete() const {
  for (const auto& [seq, row] : world_.model->rows()) {
    if (!ended(seq, row)) {
      return false;
    }
  }
  return true;
}

void Oracle::check_end() {
  for (const auto& [seq, row] : world_.model->rows()) {
    const std::string name = "message " + std::to_string(seq) + " of key " + row.written.key;
    if (!ended(seq, row)) {
      world_.problem(name + " is lost: neither delivered nor visible as dead, discarded or held" +
                     (row.passed ? ", behind the position" : ""));
    } else if (row.receipt && !world_.destination->arrived(seq)) {
      world_.problem(name + " is marked as delivered, and never arrived");
    }
  }
}

}  // namespace outbox::simulation
