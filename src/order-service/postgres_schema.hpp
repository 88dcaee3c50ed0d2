// The service's tables in PostgreSQL.
#pragma once

#include <string>

#include "outbox/outbox.hpp"
#include "outbox/result.hpp"
#include "support/pg/connection.hpp"

namespace outbox::orders {

// Brings the service's tables to the version that it knows, one process at a time. conflict: the
// tables are at a newer version.
[[nodiscard]] Result<void> apply_migrations(pg::Connection& connection);

// The payload type that the outbox table was made with. not_found: there is no such table.
[[nodiscard]] Result<PayloadType> outbox_payload_type(pg::Connection& connection,
                                                      const std::string& table);

}  // namespace outbox::orders
