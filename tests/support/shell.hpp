// Programs that a test runs for what they say.
#pragma once

#include <string>

namespace outbox::test {

// The output of a shell command, standard error with it; throws with it when the command fails.
[[nodiscard]] std::string output_of(const std::string& command);

}  // namespace outbox::test
