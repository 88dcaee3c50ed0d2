// Stops all relays of an outbox, and lets them go on.
#pragma once

#include "admin/postgres_outbox.hpp"
#include "outbox/result.hpp"

namespace outbox::admin {

// Whether it changed anything; then with a row in the audit. The relays follow within about a
// second.
[[nodiscard]] Result<bool> set_paused(PostgresOutbox& outbox, bool paused);

}  // namespace outbox::admin
