// What people, and relays on their own, did with an outbox.
#pragma once

#include <string>

#include "admin/page.hpp"
#include "admin/postgres_outbox.hpp"
#include "outbox/result.hpp"

namespace outbox::admin {

// Empty: every one. Times as people write them.
struct AuditFilter {
  std::string actor;   // a part of the name
  std::string action;  // "pause", "discard"
  std::string seq;     // of a message, in digits
  std::string since;
  std::string until;  // exclusive
};

// Newest first: {"id","at","actor","action","seq","key","details"}. Payloads are left out: those of
// edits are for export alone. A page may end early, with a cursor, when few of many rows pass.
// invalid_argument names the filter that is wrong.
[[nodiscard]] Result<Page> list_audit(PostgresOutbox& outbox, const AuditFilter& filter,
                                      const PageRequest& page);

}  // namespace outbox::admin
