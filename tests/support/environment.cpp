#include "tests/support/environment.hpp"

#include <cstdlib>
#include <stdexcept>

namespace outbox::test {

std::string require_env(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') {
    throw std::runtime_error(
        name +
        " is not set, so this test has no server to run against; run the "
        "tests with `./dev test`, which starts the servers, or set it by hand");
  }
  return value;
}

}  // namespace outbox::test
