#include "tests/support/own_stack.hpp"

#include <cstdio>
#include <exception>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <sys/file.h>
#include <utility>

#include <gtest/gtest.h>

#include "tests/support/shell.hpp"

namespace outbox::test {
namespace {

std::filesystem::path folder_of(const std::string& stack) {
  return std::filesystem::path{OUTBOX_SOURCE_DIR} / ".stack" / stack;
}

// The tests of a suite share a name, and run at the same time.
int lock_of(const std::string& stack) {
  const std::filesystem::path folder = folder_of(stack).parent_path();
  std::filesystem::create_directories(folder);
  const int file =
      ::open((folder / (stack + ".test-lock")).c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0 || flock(file, LOCK_EX) != 0) {
    throw std::runtime_error("cannot lock the stack " + stack + " for this test");
  }
  return file;
}

}  // namespace

OwnStack::OwnStack(std::string name, const std::string& services, const std::string& options)
    : name_(std::move(name)), lock_(lock_of(name_)) {
  dev("down");
  environment_ = dev("up --only " + services + " " + options);
}

OwnStack::~OwnStack() {
  try {
    dev("down");
    if (!keep_folder_ && std::uncaught_exceptions() == 0 && !::testing::Test::HasFailure()) {
      std::filesystem::remove_all(folder_of(name_));
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
}

std::string OwnStack::variable(const std::string& name) const {
  const std::string begin = "export " + name + "='";
  const std::size_t at = environment_.find(begin);
  if (at == std::string::npos) {
    throw std::runtime_error("./dev stack up did not print " + name + ":\n" + environment_);
  }
  const std::size_t from = at + begin.size();
  return environment_.substr(from, environment_.find('\'', from) - from);
}

std::string OwnStack::logs() const {
  return folder_of(name_) / "logs";
}

pid_t OwnStack::pid(const std::string& process) const {
  std::ifstream file{folder_of(name_) / (process + ".pid")};
  pid_t pid = 0;
  if (!(file >> pid)) {
    throw std::runtime_error("the stack " + name_ + " has no process " + process);
  }
  return pid;
}

void OwnStack::kill(const std::string& service) const {
  dev("kill " + service);
}

void OwnStack::start(const std::string& service) const {
  dev("start " + service);
}

std::string OwnStack::dev(const std::string& command) const {
  return output_of(
      "env -u OUTBOX_TEST_POSTGRES -u OUTBOX_TEST_KAFKA -u OUTBOX_TEST_MONGO '" OUTBOX_SOURCE_DIR
      "/dev' stack " +
      command + " --name " + name_);
}

}  // namespace outbox::test
