#pragma once

#include <memory>

#include "tests/conformance/source/source_driver.hpp"

namespace outbox::test {

// A database file of its own in a temporary folder.
[[nodiscard]] std::unique_ptr<SourceDriver> make_sqlite_driver();

}  // namespace outbox::test
