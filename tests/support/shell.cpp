#include "tests/support/shell.hpp"

#include <array>
#include <cstdio>
#include <stdexcept>

namespace outbox::test {

std::string output_of(const std::string& command) {
  std::FILE* const pipe = popen((command + " 2>&1").c_str(), "re");  // NOLINT(cert-env33-c)
  if (pipe == nullptr) {
    throw std::runtime_error("cannot run: " + command);
  }
  std::string output;
  std::array<char, 4'096> buffer{};
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.append(buffer.data(), size);
  }
  if (pclose(pipe) != 0) {
    throw std::runtime_error("failed: " + command + "\n" + output);
  }
  return output;
}

}  // namespace outbox::test
