#include "outbox-processor/renewals.hpp"

#include <utility>

namespace outbox {

void Renewals::look(const Counters& counters, Clock::time_point now) {
  const std::lock_guard lock{mutex_};
  const bool in_time = looked_ && now - *looked_ <= kGap;
  std::map<std::string, Seen, std::less<>> relays;
  for (const auto& [name, counter] : counters) {
    const auto before = relays_.find(name);
    if (before == relays_.end()) {
      relays[name] = {counter, now, false};
    } else if (before->second.counter == counter) {
      relays[name] = before->second;
    } else {
      relays[name] = {counter, now, in_time};
    }
  }
  relays_ = std::move(relays);
  looked_ = now;
}

std::optional<Renewals::Clock::duration> Renewals::since_last(std::string_view relay,
                                                              Clock::duration lease,
                                                              Clock::time_point now) const {
  const std::lock_guard lock{mutex_};
  const auto seen = relays_.find(relay);
  if (seen == relays_.end() || now - *looked_ > kGap) return std::nullopt;
  const Clock::duration since = now - seen->second.changed;
  if (!seen->second.watched && since < lease) return std::nullopt;
  return since;
}

}  // namespace outbox
