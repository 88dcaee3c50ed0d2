// The relay's settings, as outboxctl reads them.
#pragma once

#include "outbox/result.hpp"
#include "outboxctl/options.hpp"
#include "relay_settings/settings.hpp"
#include "support/config/schema.hpp"

namespace outbox::ctl {

// As outbox-processor would load them. `settings` must outlive the result.
[[nodiscard]] Result<config::Schema> load_settings(const ConfigOptions& options,
                                                   Settings& settings);

}  // namespace outbox::ctl
