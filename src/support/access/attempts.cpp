#include "support/access/attempts.hpp"

#include <algorithm>
#include <cmath>

namespace outbox::access {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using TimePoint = FailedAttempts::TimePoint;

// What is left in a bucket that fills up by one each `each`.
double left_at(double left, TimePoint at, TimePoint now, double burst, milliseconds each) {
  if (at == TimePoint::min()) return burst;
  const std::chrono::duration<double, std::milli> passed = now - at;
  return std::min(burst, left + passed.count() / static_cast<double>(each.count()));
}

std::optional<seconds> until_one(double left, milliseconds each) {
  if (left >= 1) return std::nullopt;
  const double wait = (1 - left) * static_cast<double>(each.count()) / 1e3;
  return seconds(std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(wait))));
}

}  // namespace

std::optional<seconds> FailedAttempts::wait(const std::string& address, TimePoint now) const {
  const auto all = until_one(left_at(all_.left, all_.at, now, kBurstOfAll, kEachOfAll), kEachOfAll);
  const auto found = by_address_.find(address);
  if (found == by_address_.end()) return all;
  const auto own = until_one(
      left_at(found->second.left, found->second.at, now, kBurstOfOne, kEachOfOne), kEachOfOne);
  return std::max(all, own);
}

void FailedAttempts::failed(const std::string& address, TimePoint now) {
  all_ = {std::max(0.0, left_at(all_.left, all_.at, now, kBurstOfAll, kEachOfAll) - 1), now};
  if (!by_address_.contains(address)) {
    make_room(now);
    by_address_[address] = {kBurstOfOne, now};
  }
  Bucket& own = by_address_[address];
  own = {std::max(0.0, left_at(own.left, own.at, now, kBurstOfOne, kEachOfOne) - 1), now};
}

void FailedAttempts::make_room(TimePoint now) {
  if (by_address_.size() < kMaxAddresses) return;
  std::erase_if(by_address_, [&](const auto& entry) {
    const Bucket& bucket = entry.second;
    return left_at(bucket.left, bucket.at, now, kBurstOfOne, kEachOfOne) >= kBurstOfOne;
  });
  if (by_address_.size() < kMaxAddresses) return;
  by_address_.erase(
      std::min_element(by_address_.begin(), by_address_.end(),
                       [](const auto& a, const auto& b) { return a.second.at < b.second.at; }));
}

}  // namespace outbox::access
