// An outbox with very many messages, as a busy shop leaves them.
#pragma once

#include <cstdint>

#include "tests/support/test_database.hpp"

namespace outbox::test {

// Fills the first partition of a fresh outbox with `rows` messages, fewer than ten million: all are
// passed, with receipts, but for the newest thousand, which are pending. A tenth of them belongs to
// the aggregate "hot", the rest to others of ten messages each; one in a hundred is dead, and the
// keys of ten of these have messages waiting. The rows are made a hundredth of a second apart, from
// 2026-01-01 on. About a minute for each two million.
void fill_with_messages(pg::Connection& connection, std::int64_t rows);

}  // namespace outbox::test
