// What the relay's core gets of the settings.
#pragma once

#include <cstdint>

#include "core/relay.hpp"
#include "relay_settings/settings.hpp"

namespace outbox {

// seed: of the jitter between attempts.
[[nodiscard]] RelayOptions relay_options(const Settings& settings, std::uint64_t seed);

}  // namespace outbox
