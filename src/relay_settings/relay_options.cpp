#include "relay_settings/relay_options.hpp"

#include <chrono>
#include <string>

namespace outbox {
namespace {

// Longer, and a relay that is killed repeats more; shorter, and settling takes more of the database
// where messages come one at a time.
constexpr std::chrono::milliseconds kSettleInterval{10};

PoisonAction poison_action(const std::string& policy) {
  if (policy == "park") {
    return PoisonAction::park;
  }
  return policy == "skip" ? PoisonAction::skip : PoisonAction::block;
}

}  // namespace

RelayOptions relay_options(const Settings& settings, std::uint64_t seed) {
  RelayOptions options;
  options.batch_limit = static_cast<std::size_t>(settings.relay_batch_size);
  options.drain_timeout = settings.relay_drain_timeout;
  const auto before_the_last = static_cast<std::size_t>(settings.relay_batches_in_flight - 1);
  options.engine.enough_messages = before_the_last * options.batch_limit;
  options.engine.enough_bytes =
      before_the_last * static_cast<std::size_t>(settings.source_max_batch_bytes);
  options.engine.settle_interval = kSettleInterval;
  options.engine.max_blocked_keys = static_cast<std::size_t>(settings.relay_max_blocked_keys);
  options.engine.poison = {poison_action(settings.retry_policy),
                           static_cast<int>(settings.retry_max_attempts)};
  options.engine.messages_per_second = static_cast<double>(settings.sink_rate_limit);
  options.engine.seed = seed;
  return options;
}

}  // namespace outbox
