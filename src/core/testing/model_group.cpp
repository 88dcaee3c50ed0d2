// The relays that share the model, and who may write.
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
    look.members.emplace_back(member, renewals);
  }
  for (const Shard& shard : shards_) {
    look.own += shard.owner == owner ? 1 : 0;
    look.free += shard.owner.empty() ? 1 : 0;
    look.orphans += shard.owner.empty() || members_.contains(shard.owner) ? 0 : 1;
  }
  look.revision = revision_;
  look.paused = paused_;
  return look;
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
      shard.owner.clear();
    }
  }
  unsynced_.clear();
}

void OutboxModel::leave(const std::string& owner) {
  const std::lock_guard lock{mutex_};
  members_.erase(owner);
  for (Shard& shard : shards_) {
    if (shard.owner == owner) {
      shard.owner.clear();
    }
  }
  unsynced_.clear();
}

OutboxModel::Fence OutboxModel::take(const std::string& owner, int quota) {
  const std::lock_guard lock{mutex_};
  Fence fence{++last_epoch_, owner, 0};
  for (const bool own : {true, false}) {
    for (std::size_t k = 0; k < shards_.size(); ++k) {
      Shard& shard = shards_.at(k);
      if (shard.owner != (own ? owner : "") || ((fence.shards >> k) & 1U) != 0) {
        continue;
      }
      if (quota > 0) {
        --quota;
        fence.shards |= std::uint64_t{1} << k;
        expect(shard.epoch < fence.epoch, "a takeover raises the epoch of shard " +
                                              std::to_string(k) + " above " +
                                              std::to_string(shard.epoch));
        shard = Shard{fence.epoch, owner};
      } else {
        shard.owner.clear();
      }
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
