#pragma once

#include <chrono>
#include <string>

#include "outbox/result.hpp"
#include "sources/postgres_table/sql.hpp"
#include "sources/postgres_wal/lsn.hpp"
#include "support/pg/connection.hpp"

namespace outbox::postgres_table {

// Has the relays read the write-ahead log from a new slot. They notice within about a second,
// finish what they have and read the table up to where the slot begins. What an earlier slot no
// longer has is found in the table as well, as long as it is there. Makes the publication too, and
// drops the earlier slot. `slot`: empty for the usual name. Returns the slot's name.
//
// Waits for the transactions that are running. invalid_argument: the server's settings do not allow
// it, and the message says which. conflict: the slot's name is taken.
[[nodiscard]] Result<std::string> read_log(pg::Connection& connection, const Tables& tables,
                                           std::string slot, const std::string& actor);

// Has the relays read the table again, from what the log was read up to, give or take a second:
// those messages come twice. Waits at most `patience` until no relay streams any more, then drops
// the slot. conflict: one still does; ask again.
[[nodiscard]] Result<void> read_table(pg::Connection& connection, const Tables& tables,
                                      const std::string& actor, std::chrono::milliseconds patience);

}  // namespace outbox::postgres_table
