// An outbox that has retained ten million messages.
#pragma once

#include <cstdint>

#include "tests/support/test_database.hpp"

namespace outbox::test {

inline constexpr std::int64_t kRetainedRows = 10'000'000;

// Fills the first partition of a fresh outbox with messages that its first position has passed, as
// fast as it can be done: into a table without indexes, which then takes the partition's place.
// What the tests of the reader have no use for, the indexes for people, goes. New messages begin in
// the second partition; the seqs up to `free_seqs` stay free for a late transaction.
void retain_ten_million_rows(pg::Connection& connection, std::int64_t free_seqs);

}  // namespace outbox::test
