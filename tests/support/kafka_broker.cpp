#include "tests/support/kafka_broker.hpp"

#include <array>
#include <atomic>
#include <cstdio>
#include <stdexcept>
#include <unistd.h>

namespace outbox::test {
namespace {

// What `./dev stack …` prints. A server named by the environment is not this test's own.
std::string stack(const std::string& arguments) {
  const std::string command =
      "env -u OUTBOX_TEST_KAFKA -u OUTBOX_TEST_POSTGRES -u OUTBOX_TEST_MONGO '" OUTBOX_SOURCE_DIR
      "/dev' stack " +
      arguments + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");  // NOLINT(cert-env33-c): our own script
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  std::string output;
  std::array<char, 4096> buffer{};
  while (fgets(buffer.data(), static_cast<int>(buffer.size()), pipe) != nullptr) {
    output += buffer.data();
  }
  if (pclose(pipe) != 0) throw std::runtime_error(command + " failed: " + output);
  return output;
}

std::string address_in(const std::string& environment) {
  constexpr std::string_view kVariable = "OUTBOX_TEST_KAFKA='";
  const auto begin = environment.find(kVariable);
  const auto end = environment.find('\'', begin + kVariable.size());
  if (begin == std::string::npos || end == std::string::npos) {
    throw std::runtime_error("./dev stack up printed no broker: " + environment);
  }
  return environment.substr(begin + kVariable.size(), end - begin - kVariable.size());
}

std::string unique_name() {
  static std::atomic<int> made = 0;
  return "broker-" + std::to_string(getpid()) + "-" + std::to_string(++made);
}

}  // namespace

KafkaBroker::KafkaBroker()
    : name_(unique_name()), address_(address_in(stack("up --only kafka --name " + name_))) {}

KafkaBroker::~KafkaBroker() {
  try {
    stack("down --name " + name_);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
  }
}

void KafkaBroker::kill() const {
  stack("kill kafka --name " + name_);
}

void KafkaBroker::start() const {
  stack("start kafka --name " + name_);
}

}  // namespace outbox::test
