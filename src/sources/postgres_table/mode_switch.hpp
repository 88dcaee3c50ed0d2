#pragma once

#include <chrono>
#include <string>

#include "outbox/result.hpp"
#include "sources/postgres_table/sql.hpp"
#include "support/pg/connection.hpp"

namespace outbox::postgres_table {

struct SwitchOptions {
  std::string actor;  // for the audit
  // Go on although messages that only the log has will never be delivered: those that were emitted,
  // and rows that were deleted, where the log that the slot had was not read to its end. The audit
  // tells from where to where.
  bool accept_gap = false;
  // How long a relay may take to read the log to its end and to stop, and emitters to end.
  std::chrono::milliseconds patience{30'000};
};

// Has the relays read the write-ahead log from a new slot. They notice within about a second,
// finish what they have and read in the table what was committed before the slot. Makes the
// publication too. An earlier slot is first read up to where the new one begins, and dropped.
// `url`: for a connection with which the slot is made. `slot`: empty for the usual name. Returns
// the slot's name.
//
// Waits for the transactions that are running. invalid_argument: the server's settings do not allow
// it, and the message says which. conflict: the slot's name is taken; or there is a gap that was
// not accepted, and nothing was changed.
[[nodiscard]] Result<std::string> read_log(pg::Connection& connection, const std::string& url,
                                           const Tables& tables, std::string slot,
                                           const SwitchOptions& options);

// Has no more messages emitted, waits until a relay has read the log to its end, has the relays
// read the table again, and drops the slot. Messages of about the last second come twice.
// conflict: no relay has read the log to its end, which was not accepted, and nothing was changed;
// or one still streams, and the slot is left.
[[nodiscard]] Result<void> read_table(pg::Connection& connection, const Tables& tables,
                                      const SwitchOptions& options);

}  // namespace outbox::postgres_table
