// For tests whose server dies under a source.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sources/postgres_table/postgres_table_source.hpp"
#include "support/pg/connection.hpp"

namespace outbox::test {

// What commits asynchronously from now on stays in the server's memory, and a crash loses it. The
// server must run on this machine, and as a user whose processes this one may signal.
void halt_wal_writer(pg::Connection& connection);
// Relays cannot renew, which would flush what others have committed before, until this connection
// is closed. No lease of a test's is shorter than that.
[[nodiscard]] pg::Connection hold_renewals(const std::string& url);

// The seqs of everything that is new, which is settled.
[[nodiscard]] std::vector<std::int64_t> read_seqs(PostgresTableSource& source);

// The seqs in the table, ascending.
[[nodiscard]] std::vector<std::int64_t> stored_seqs(pg::Connection& connection);

}  // namespace outbox::test
