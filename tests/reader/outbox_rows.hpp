// Rows for tests that count messages rather than follow them.
#pragma once

#include <cstdint>
#include <string>

#include "support/pg/connection.hpp"

namespace outbox::test {

// The INSERT of `count` small messages over 100 keys, as one statement.
[[nodiscard]] std::string insert_sql(std::int64_t count);

// Commits `count` messages in one transaction.
void insert_rows(pg::Connection& connection, std::int64_t count);

// Fills a progress table (0 or 1) with superseded rows, so that the second settlement after the
// next connect, counting the one that connect itself makes, is due to rotate.
void fill_progress(pg::Connection& connection, int table);

}  // namespace outbox::test
