// Where a test finds the real servers.
#pragma once

#include <string>

namespace outbox::test {

// The value of an environment variable that names a server, OUTBOX_TEST_POSTGRES for example.
// Throws with the remedy when it is unset, which fails the test: nothing is ever skipped.
[[nodiscard]] std::string require_env(const std::string& name);

}  // namespace outbox::test
