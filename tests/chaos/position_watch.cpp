#include "tests/chaos/position_watch.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace outbox::chaos {
namespace {

constexpr std::size_t kMaxFindings = 20;

}  // namespace

bool sees_all_of(const postgres_table::Snapshot& later, const postgres_table::Snapshot& earlier) {
  if (later.xmax < earlier.xmax) {
    return false;
  }
  // Of what the later one does not see, nothing may be visible in the earlier one.
  return std::none_of(later.in_progress.begin(), later.in_progress.end(),
                      [&](std::uint64_t xid) { return earlier.sees(xid); });
}

void PositionWatch::look(const std::string& server_start, const std::vector<ShardSample>& samples) {
  ++samples_;
  if (server_start != server_start_) {
    server_start_ = server_start;
    positions_.clear();
  }
  for (const ShardSample& sample : samples) {
    std::int64_t& epoch = owner_epochs_[sample.shard];
    if (sample.owner_epoch < epoch) {
      find(fmt::format("epoch: shard {} fell from epoch {} to {}", sample.shard, epoch,
                       sample.owner_epoch));
    }
    epoch = std::max(epoch, sample.owner_epoch);
    const auto known = positions_.find(sample.shard);
    if (known != positions_.end()) {
      const ShardSample& before = known->second;
      if (sample.position_epoch < before.position_epoch) {
        find(fmt::format("position: shard {} went from epoch {} back to epoch {}", sample.shard,
                         before.position_epoch, sample.position_epoch));
      }
      if (!sees_all_of(sample.from, before.from)) {
        find(fmt::format("position: shard {} moved back from {} (epoch {}) to {} (epoch {})",
                         sample.shard, before.from.text, before.position_epoch, sample.from.text,
                         sample.position_epoch));
      }
    }
    positions_.insert_or_assign(sample.shard, sample);
  }
}

void PositionWatch::find(std::string finding) {
  ++regressions_;
  if (findings_.size() < kMaxFindings) {
    findings_.push_back(std::move(finding));
  }
}

}  // namespace outbox::chaos
