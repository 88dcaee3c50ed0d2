#pragma once

#include <memory>

#include "tests/conformance/source/source_driver.hpp"

namespace outbox::test {

// A database of its own on the server of OUTBOX_TEST_POSTGRES.
[[nodiscard]] std::unique_ptr<SourceDriver> make_postgres_table_driver();

// The same, with sources that read the write-ahead log. Since a claim takes what has come so far,
// these wait before each until the server has sent what is committed.
[[nodiscard]] std::unique_ptr<SourceDriver> make_postgres_wal_driver();
// The same, with writers that delete each row in the transaction that inserts it, or that emit.
[[nodiscard]] std::unique_ptr<SourceDriver> make_postgres_deleted_driver();
[[nodiscard]] std::unique_ptr<SourceDriver> make_postgres_emitted_driver();

}  // namespace outbox::test
