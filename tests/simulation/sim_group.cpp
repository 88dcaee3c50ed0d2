#include "tests/simulation/sim_group.hpp"

#include <utility>

#include "mutants/mutant.hpp"

namespace outbox::simulation {

using std::chrono::nanoseconds;

HostClock::HostClock(World& world)
    : world_(world),
      boot_offset_(std::chrono::seconds{world.dice.pick(1, 1'000'000)}),
      rate_ppm_(static_cast<std::int64_t>(world.dice.pick(980'000, 1'020'000))) {}

nanoseconds HostClock::lease_now() const {
  if (mutant::on(mutant::Mutant::wall_clock_lease)) {
    return boot_offset_ + world_.now + wall_offset_;
  }
  return boot_offset_ + nanoseconds{world_.now.count() / 1'000'000 * rate_ppm_};
}

SimGroup::SimGroup(World& world, std::string owner)
    : world_(world),
      owner_(std::move(owner)),
      host_(world),
      watch_(owner_, world.settings.lease),
      lease_(world.settings.lease) {}

Result<FakeGroup::Share> SimGroup::share() {
  if (!joined_) {
    joined_ = true;
    next_tick_ = world_.now;
    tick(false);
  }
  if (!view_) {
    return Error{ErrorCode::source_unavailable, "the last look at the group has failed"};
  }
  if (view_->own == 0 && (view_->quota == 0 || view_->free == 0)) {
    return Error{ErrorCode::conflict, "other relays have all shards"};
  }
  return Share{view_->quota, view_->revision, view_->paused};
}

void SimGroup::hold(const Share& share, int shards) {
  lease_.hold(shards, share.revision, share.paused);
  // What its share was told by counts from the start.
  judged_at_ = shards > 0 ? looked_at_ : nanoseconds{0};
}

Standing SimGroup::standing() const {
  return lease_.standing(host_.lease_now());
}

void SimGroup::leave() {
  lease_.hold(0, 0, false);
  joined_ = false;
  view_.reset();
  world_.model->leave(owner_);
}

void SimGroup::tick(bool cut_off) {
  if (!joined_ || world_.now < next_tick_) {
    return;
  }
  const nanoseconds interval = world_.settings.lease / 10;
  next_tick_ = world_.now + interval;
  if (cut_off || (world_.faulty() && world_.dice.chance(20))) {
    if (!cut_off) {
      world_.fault("renewal failed");
    }
    renewed_ = false;
    view_.reset();
    return;
  }
  if (!renewed_) {
    renew();
    if (world_.fault_chance(10)) {
      next_tick_ = world_.now + interval * world_.dice.pick(0, 3);
      world_.fault("renewal answered late");
      return;
    }
  }
  look();
}

void SimGroup::renew() {
  began_ = host_.lease_now();
  began_at_ = world_.now;
  changes_ = lease_.changes();
  world_.model->renew(owner_);
  renewed_ = true;
}

void SimGroup::look() {
  renewed_ = false;
  for (int looks = 0; looks < 2; ++looks) {
    const OutboxModel::Look seen = world_.model->look(owner_);
    std::vector<postgres_table::Member> members;
    for (const OutboxModel::Member& member : seen.members) {
      members.push_back({member.owner, member.renewals, member.wanted});
    }
    const auto dead = watch_.dead(members, host_.lease_now());
    if (dead.empty() && seen.orphans == 0) {
      view_ = postgres_table::GroupView{postgres_table::quota_of(owner_, members, seen.readable),
                                        seen.own,
                                        seen.free,
                                        seen.revision,
                                        seen.paused,
                                        seen.unwanted,
                                        seen.awaited};
      paused_topics_ = seen.paused_topics;
      looked_at_ = world_.now;
      lease_.judge(*view_, changes_);
      lease_.renewed(began_);
      if (changes_ == lease_.changes()) {
        judged_at_ = began_at_;
      }
      return;
    }
    for (const postgres_table::Member& member : dead) {
      world_.fault("a relay was removed by another one, its lease was over");
      world_.model->bury(member.owner, member.renewals);
    }
    world_.model->free_orphans();
  }
  view_.reset();
}

}  // namespace outbox::simulation
