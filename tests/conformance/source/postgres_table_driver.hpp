#pragma once

#include <memory>

#include "tests/conformance/source/source_driver.hpp"

namespace outbox::test {

// A database of its own on the server of OUTBOX_TEST_POSTGRES.
[[nodiscard]] std::unique_ptr<SourceDriver> make_postgres_table_driver();

}  // namespace outbox::test
