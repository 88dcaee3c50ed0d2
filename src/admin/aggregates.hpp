// The aggregates whose messages the outbox has, and what holds one up.
#pragma once

#include <cstdint>
#include <string>

#include "admin/message_search.hpp"
#include "admin/page.hpp"
#include "admin/postgres_outbox.hpp"
#include "outbox/result.hpp"

namespace outbox::admin {

// Their ids, as the database sorts them, those alone that begin with `prefix`; each costs a look
// at the index, however many messages it has. A page may end early, with a cursor.
[[nodiscard]] Result<Page> list_aggregates(PostgresOutbox& outbox, const std::string& prefix,
                                           const PageRequest& page);

struct AggregateMessages {
  Json blocked_by;  // null, or {"seq","state","lastError","attempts","dueAt"}: nothing goes before
                    // it
  std::int64_t held = 0;  // messages that wait behind it, counted up to kMostHeldCounted
  MessagePage page;       // oldest first
};
inline constexpr std::int64_t kMostHeldCounted = 10'001;

[[nodiscard]] Result<AggregateMessages> aggregate_messages(PostgresOutbox& outbox,
                                                           const std::string& aggregate_type,
                                                           const std::string& aggregate_id,
                                                           const PageRequest& page);

}  // namespace outbox::admin
