#include "tests/reader/private_postgres.hpp"

#include <array>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <unistd.h>

namespace outbox::test {
namespace {

// The output of a shell command; throws when it fails.
std::string output_of(const std::string& command) {
  std::FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) {
    throw std::runtime_error("cannot run: " + command);
  }
  std::string output;
  std::array<char, 4'096> buffer{};
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.append(buffer.data(), size);
  }
  if (pclose(pipe) != 0) {
    throw std::runtime_error("failed: " + command);
  }
  return output;
}

}  // namespace

PrivatePostgres::PrivatePostgres() : name_("reader-crash-" + std::to_string(getpid())) {
  const std::string environment = stack("up --only postgres");
  const std::string marker = "OUTBOX_TEST_POSTGRES='";
  const std::size_t begin = environment.find(marker);
  if (begin == std::string::npos) {
    throw std::runtime_error("the stack does not say where its PostgreSQL is");
  }
  url_ = environment.substr(begin + marker.size());
  url_.resize(url_.find('\''));
}

PrivatePostgres::~PrivatePostgres() {
  try {
    static_cast<void>(stack("down"));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
}

// The server that the environment names is the one that the other tests share.
std::string PrivatePostgres::stack(const std::string& command) const {
  return output_of("env -u OUTBOX_TEST_POSTGRES " OUTBOX_SOURCE_DIR "/dev stack " + command +
                   " --name " + name_ + " 2>/dev/null");
}

pg::Connection PrivatePostgres::connect() const {
  auto connection = pg::Connection::connect(url_);
  if (!connection) {
    throw std::runtime_error(connection.error().message);
  }
  return *std::move(connection);
}

void PrivatePostgres::kill() {
  static_cast<void>(stack("kill postgres"));
}

void PrivatePostgres::start() {
  static_cast<void>(stack("start postgres"));
}

}  // namespace outbox::test
