// How often somebody may be wrong about a token.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>

namespace outbox::access {

// Counts attempts that failed, by address and all together: ten, and then one each six seconds;
// together a hundred, and then a hundred a minute. Not thread-safe.
class FailedAttempts {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr double kBurstOfOne = 10;
  static constexpr double kBurstOfAll = 100;
  static constexpr std::chrono::milliseconds kEachOfOne{6'000};
  static constexpr std::chrono::milliseconds kEachOfAll{600};
  static constexpr std::size_t kMaxAddresses = 1'024;

  // Nothing: the address may try. Else how long it has to wait, at least a second.
  [[nodiscard]] std::optional<std::chrono::seconds> wait(const std::string& address,
                                                         TimePoint now) const;
  void failed(const std::string& address, TimePoint now);

 private:
  struct Bucket {
    double left = 0;
    TimePoint at{};
  };

  void make_room(TimePoint now);

  std::map<std::string, Bucket> by_address_;
  Bucket all_{kBurstOfAll, TimePoint::min()};
};

}  // namespace outbox::access
