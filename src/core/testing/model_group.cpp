// The relays that share the model, and who may write.
#include <utility>

#include "core/testing/outbox_model.hpp"

namespace outbox {

void OutboxModel::renew(const std::string& owner) {
  const std::lock_guard lock{mutex_};
  if (const auto [member, joined] = members_.try_emplace(owner, 0); !joined) {
    ++member->second;
  }
  unsynced_.clear();
}

OutboxModel::Look OutboxModel::look(const std::string& owner) const {
  const std::lock_guard lock{mutex_};
  Look look;
  for (const auto& [member, renewals] : members_) {
    look.members.push_back({member, renewals});
    for (const Shard& shard : shards_) {
      look.members.back().wanted += !shard.paused && shard.preferred == member ? 1 : 0;
    }
  }
  for (const Shard& shard : shards_) {
    const std::string wanted_by = wish(shard);
    const bool is_mine = shard.owner == owner;
    const bool is_for_me = wanted_by.empty() || wanted_by == owner;
    const bool is_free = shard.owner.empty() && !shard.paused && is_for_me;
    look.own += is_mine ? 1 : 0;
    look.free += is_free ? 1 : 0;
    look.unwanted += is_mine && (shard.paused || shard.released || !is_for_me) ? 1 : 0;
    look.awaited += is_free && wanted_by == owner ? 1 : 0;
    look.readable += shard.paused ? 0 : 1;
    look.orphans += shard.owner.empty() || members_.contains(shard.owner) ? 0 : 1;
  }
  look.revision = revision_;
  look.paused = paused_;
  look.paused_topics = paused_topics_;
  return look;
}

// The relay that operators want to have the shard, as long as it lives.
std::string OutboxModel::wish(const Shard& shard) const {
  return members_.contains(shard.preferred) ? shard.preferred : std::string{};
}

void OutboxModel::free_shard(Shard& shard) {
  shard.owner.clear();
  shard.released = false;
}

bool OutboxModel::pause_topic(const std::string& topic, bool paused) {
  const std::lock_guard lock{mutex_};
  TopicNames topics = paused_topics_ != nullptr ? *paused_topics_ : TopicNames{};
  if (paused ? !topics.insert(topic).second : topics.erase(topic) == 0) {
    return false;
  }
  paused_topics_ = topics.empty() ? nullptr : std::make_shared<const TopicNames>(std::move(topics));
  for (auto& [seq, exception] : exceptions_) {
    if (!paused && exception.state == State::delayed && exception.error == kPausedByOperator) {
      exception.due_at_us = due_at(0, {});
    }
  }
  unsynced_.clear();
  return true;
}

std::shared_ptr<const TopicNames> OutboxModel::paused_topics() const {
  const std::lock_guard lock{mutex_};
  return paused_topics_;
}

bool OutboxModel::pause_shard(std::size_t shard, bool paused) {
  const std::lock_guard lock{mutex_};
  unsynced_.clear();
  return std::exchange(shards_.at(shard).paused, paused) != paused;
}

bool OutboxModel::release_shard(std::size_t shard) {
  const std::lock_guard lock{mutex_};
  Shard& chosen = shards_.at(shard);
  if (chosen.owner.empty() || chosen.released) {
    return false;
  }
  chosen.released = true;
  chosen.preferred.clear();
  unsynced_.clear();
  return true;
}

bool OutboxModel::move_shard(std::size_t shard, const std::string& relay) {
  const std::lock_guard lock{mutex_};
  if (!members_.contains(relay) || shards_.at(shard).preferred == relay) {
    return false;
  }
  shards_.at(shard).preferred = relay;
  unsynced_.clear();
  return true;
}

void OutboxModel::bury(const std::string& owner, std::int64_t renewals) {
  {
    const std::lock_guard lock{mutex_};
    const auto member = members_.find(owner);
    if (member == members_.end() || member->second != renewals) {
      return;
    }
  }
  leave(owner);
}

void OutboxModel::free_orphans() {
  const std::lock_guard lock{mutex_};
  for (Shard& shard : shards_) {
    if (!members_.contains(shard.owner)) {
      free_shard(shard);
    }
  }
  unsynced_.clear();
}

void OutboxModel::leave(const std::string& owner) {
  const std::lock_guard lock{mutex_};
  members_.erase(owner);
  for (Shard& shard : shards_) {
    if (shard.owner == owner) {
      free_shard(shard);
    }
  }
  unsynced_.clear();
}

OutboxModel::Fence OutboxModel::take(const std::string& owner, int quota) {
  const std::lock_guard lock{mutex_};
  Fence fence{++last_epoch_, owner, 0};
  // First what operators want it to have, then its own, then what is free.
  const auto rank = [&](const Shard& shard) {
    return shard.preferred == owner ? 0 : shard.owner == owner ? 1 : 2;
  };
  const auto may_have = [&](const Shard& shard) {
    const bool is_mine = shard.owner == owner;
    const std::string wanted_by = wish(shard);
    return (is_mine ? !shard.released : shard.owner.empty()) && !shard.paused &&
           (wanted_by.empty() || wanted_by == owner);
  };
  for (int wanted = 0; wanted <= 2; ++wanted) {
    for (std::size_t k = 0; k < shards_.size() && quota > 0; ++k) {
      Shard& shard = shards_.at(k);
      if (rank(shard) != wanted || !may_have(shard) || ((fence.shards >> k) & 1U) != 0) {
        continue;
      }
      --quota;
      fence.shards |= std::uint64_t{1} << k;
      expect(shard.epoch < fence.epoch, "a takeover raises the epoch of shard " +
                                            std::to_string(k) + " above " +
                                            std::to_string(shard.epoch));
      shard.epoch = fence.epoch;
      shard.owner = owner;
      shard.preferred = shard.preferred == owner ? owner : std::string{};
    }
  }
  for (std::size_t k = 0; k < shards_.size(); ++k) {
    if (Shard& shard = shards_.at(k); shard.owner == owner && ((fence.shards >> k) & 1U) == 0) {
      free_shard(shard);
    }
  }
  unsynced_.clear();
  return fence;
}

bool OutboxModel::holds(const Fence& fence) const {
  const std::lock_guard lock{mutex_};
  return holds_unlocked(fence);
}

bool OutboxModel::holds_unlocked(const Fence& fence) const {
  for (std::size_t k = 0; k < shards_.size(); ++k) {
    const Shard& shard = shards_.at(k);
    if (((fence.shards >> k) & 1U) != 0 &&
        (shard.owner != fence.owner || shard.epoch != fence.epoch)) {
      return false;
    }
  }
  return true;
}

}  // namespace outbox
