#include "sources/postgres_table/lease.hpp"

#include <algorithm>
#include <compare>

#include "mutants/mutant.hpp"
#include "outbox/shard.hpp"

namespace outbox::postgres_table {

using mutant::Mutant;
using std::chrono::nanoseconds;

namespace {

// No two clocks run at the same rate. A relay counts its own lease as shorter by this part, so that
// it has stopped before another one, whose clock is faster, may take over.
constexpr int kRateMargin = 20;

}  // namespace

int quota_of(std::string_view owner, const std::vector<Member>& members, int shards) {
  struct Share {
    int shards = 0;
    std::string_view owner;
    auto operator<=>(const Share&) const = default;  // NOLINT(modernize-use-nullptr)
  };
  std::vector<Share> shares;
  for (const Member& member : members) {
    shares.push_back({member.wanted, member.owner});
    shards -= member.wanted;
  }
  for (; shards > 0 && !shares.empty(); --shards) {
    ++std::min_element(shares.begin(), shares.end())->shards;
  }
  const auto own = std::find_if(shares.begin(), shares.end(),
                                [&](const Share& share) { return share.owner == owner; });
  return own == shares.end() ? 0 : own->shards;
}

int quota_of_all(const GroupView& view) {
  return view.own + view.free == kShardCount ? kShardCount : view.own;
}

std::vector<Member> LeaseWatch::dead(const std::vector<Member>& members, nanoseconds now) {
  // While this relay could not look, the others could perhaps not renew.
  const bool interrupted = now - last_look_ > lease_ / 2;
  last_look_ = now;
  std::map<std::string, Seen> seen;
  std::vector<Member> dead;
  const nanoseconds longest = mutant::on(Mutant::takeover_too_early) ? lease_ / 2 : lease_;
  for (const Member& member : members) {
    const auto known = seen_.find(member.owner);
    const bool stands_still =
        !interrupted && known != seen_.end() && known->second.renewals == member.renewals;
    const nanoseconds since = stands_still ? known->second.since : now;
    if (member.owner != self_ && now - since > longest) {
      dead.push_back(member);
    }
    seen.emplace(member.owner, Seen{member.renewals, since});
  }
  seen_ = std::move(seen);
  return dead;
}

void HeldLease::hold(int shards, std::int64_t revision, bool paused) {
  shards_ = shards;
  revision_ = revision;
  ++changes_;
  if (shards == 0) {
    standing_ = Standing::lost;
  } else {
    standing_ = paused ? Standing::paused : Standing::owner;
  }
}

void HeldLease::judge(const GroupView& view, std::uint64_t changes) {
  if (shards_ == 0 || changes != changes_ || standing_ == Standing::lost) {
    return;  // it works with none, or with others than at the time of the look
  }
  const bool too_many = view.own > view.quota;
  const bool too_few = view.own < view.quota && view.free > 0;
  const bool others = view.unwanted > 0 || view.awaited > 0;
  if (view.own < shards_) {
    standing_ = Standing::lost;
  } else if (too_many || too_few || others || view.revision != revision_) {
    standing_ = view.paused ? Standing::paused_changing : Standing::changing;
  } else {
    standing_ = view.paused ? Standing::paused : Standing::owner;
  }
}

void HeldLease::renewed(nanoseconds began) {
  ends_ns_ = (began + lease_ - lease_ / kRateMargin).count();
}

Standing HeldLease::standing(nanoseconds now) const {
  return now.count() < ends_ns_ ? standing_.load() : Standing::lost;
}

}  // namespace outbox::postgres_table
