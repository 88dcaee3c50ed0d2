// Shows what was given up.
#pragma once

#include <cstdint>

#include "admin/filters.hpp"
#include "admin/page.hpp"
#include "admin/postgres_outbox.hpp"
#include "outbox/result.hpp"

namespace outbox::admin {

// Newest first: MessageSummary, with "failedAt", "holdsKey" and "heldBehind", how many messages
// wait behind it, counted up to kMostHeldBehind. A page may end early, with a cursor, when few of
// many rows pass. The filter's names are not looked at.
[[nodiscard]] Result<Page> list_dead_letters(PostgresOutbox& outbox, const DeadLetterFilter& filter,
                                             const PageRequest& page);
inline constexpr std::int64_t kMostHeldBehind = 200;

// By what their errors have in common: {"groups":[{"error" (with … for numbers and ids), "sample",
// "count","firstAt","lastAt","filter"}],"total","complete"}, the largest first, at most 100. Of the
// newest kMostGrouped; complete: there are no more. `filter` is a part of all errors of the group,
// and may be one of others too.
[[nodiscard]] Result<Json> group_dead_letters(PostgresOutbox& outbox);
inline constexpr std::int64_t kMostGrouped = 10'000;

}  // namespace outbox::admin
